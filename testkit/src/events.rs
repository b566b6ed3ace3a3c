use std::fs::File;
use std::io::Write as _;
use std::time::Instant;
use std::{env, io};

use serde_json::{Value, json};

/// The result of a test.
pub(crate) enum Outcome {
    Passed,
    Skipped(String),
    Failed(String),
}

/// Names a file that gets a JSON line when a test starts, and one when it ends: `cargo xtask vm`
/// reads them, from a line on which the kernel does not print.
const EVENTS: &str = "BPFAPPS_TEST_EVENTS";

/// Runs a test and reports both events, if a runner asks for them.
pub(crate) fn tell(name: &str, run: impl FnOnce() -> Outcome) -> Outcome {
    write(&json!({ "event": "started", "test": name }));
    let start = Instant::now();
    let outcome = run();
    let (event, message) = match &outcome {
        Outcome::Passed => ("passed", None),
        Outcome::Skipped(reason) => ("skipped", Some(reason)),
        Outcome::Failed(reason) => ("failed", Some(reason)),
    };
    write(&json!({
        "event": event,
        "test": name,
        "message": message,
        "seconds": start.elapsed().as_secs_f64(),
    }));
    outcome
}

/// # Panics
///
/// Fails if nobody can read the result: a run without results must not look successful.
fn write(event: &Value) {
    let Some(path) = env::var_os(EVENTS) else {
        return;
    };
    let line = format!("{event}\n");
    File::options()
        .append(true)
        .open(&path)
        .and_then(|mut file: File| -> io::Result<()> { file.write_all(line.as_bytes()) })
        .unwrap_or_else(|err| panic!("failed to write to {}: {err}", path.display()));
}

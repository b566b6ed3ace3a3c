//! The verifier's effort for the programs of this workspace, compared with what was recorded for
//! each kernel: `verify --compare` fails if a program needs 20 % more.
//!
//! To record it again, after a change that is worth it or for a new kernel:
//!
//! ```text
//! cargo xtask vm --kernel 6.12 -- \
//!     bpfapps verify bootstrap minimal procs profile runqlat syscount top -o json |
//!     jq -r 'map({object, program, loaded, instructions, states} | tojson) |
//!         "[\n" + join(",\n") + "\n]"' > cli/tests/kernel/effort/6.12.json
//! ```

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, ensure};
use bpfapps_host::Release;
use bpfapps_testkit::{Process, Test, cli, skip, test};
use serde_json::Value;

pub(crate) const TESTS: &[Test] = &[test!(programs_cost_the_verifier_no_more_than_recorded)];

/// By the series of the kernel.
const RECORDED: [(&str, &str); 5] = [
    ("5.10", include_str!("effort/5.10.json")),
    ("6.1", include_str!("effort/6.1.json")),
    ("6.12", include_str!("effort/6.12.json")),
    ("6.18", include_str!("effort/6.18.json")),
    ("7.2", include_str!("effort/7.2.json")),
];

fn programs_cost_the_verifier_no_more_than_recorded() -> Result<()> {
    let running = Release::running()?.to_string();
    let of_series = |series: &str| {
        let patch = running.strip_prefix(series);
        patch.is_some_and(|patch| !patch.starts_with(|next: char| next.is_ascii_digit()))
    };
    let recorded = RECORDED.iter().find(|(series, _)| of_series(series));
    let Some((_, recorded)) = recorded else {
        return skip(format!("nothing is recorded for Linux {running}"));
    };
    let file = tempfile::NamedTempFile::new()?;
    fs::write(&file, recorded).context("failed to write what was recorded")?;
    let listed = Process::run(&mut cli(["list", "--output", "json"]))?.expect_code(0)?;
    let listed: Vec<Value> = serde_json::from_str(&listed.stdout.join("\n"))?;
    let mut command = cli(["verify", "--output", "json", "--compare"]);
    command.arg(file.path());
    command.args(listed.iter().filter_map(|app| app["name"].as_str()));
    let verified = Process::run(&mut command)?.expect_code(0)?;

    let programs = |rows: &[Value]| -> BTreeSet<String> {
        let name = |row: &Value| format!("{} of {}", row["program"], row["object"]);
        rows.iter().map(name).collect()
    };
    let verified: Vec<Value> = serde_json::from_str(&verified.stdout.join("\n"))?;
    let recorded: Vec<Value> = serde_json::from_str(recorded)?;
    let (verified, recorded) = (programs(&verified), programs(&recorded));
    ensure!(
        verified == recorded,
        "record it again: these are new {:?}, and these are gone {:?}",
        verified.difference(&recorded),
        recorded.difference(&verified)
    );
    Ok(())
}

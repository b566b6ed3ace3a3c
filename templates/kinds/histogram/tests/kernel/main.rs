//! `{{ name }}` on the running kernel: what its user sees.

use std::fs;
use std::process::{self, ExitCode};

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{App, Fixture, Process, Test, cli, fixture, needs, skip, test};

const TESTS: &[Test] = &[
    test!(row_has_bars),
    test!(each_call_is_counted_once),
    test!(other_processes_are_left_out),
    test!(missing_function_is_named),
    test!(kernel_without_kprobes_is_named),
];

const FIXTURES: &[Fixture] = &[fixture!(unlink)];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[FIXTURES])
}

/// The function that the tests trace: what removes a file, in any file system.
///
/// When you trace another one: call that in the fixture.
const FUNCTION: &str = "vfs_unlink";

/// How often the fixture calls it.
const CALLS: u64 = 50;

/// Calls it.
fn unlink(_: &[String]) -> Result<()> {
    // a name that no other program has
    fs::write("/proc/self/comm", name())?;
    for _ in 0..CALLS {
        let path = std::env::temp_dir().join(name());
        fs::write(&path, "")?;
        fs::remove_file(&path).context("failed to remove a file")?;
    }
    Ok(())
}

fn name() -> String {
    format!("u{}", process::id())
}

/// Runs the fixture, and returns the name under which it does.
fn provoke() -> Result<String> {
    let pid = Process::run(&mut fixture("unlink")?)?.expect_code(0)?.pid;
    Ok(format!("u{pid}"))
}

fn start(more: &[&str]) -> Result<App> {
    needs::kprobes()?;
    App::start(&[&["{{ name }}", "--function", FUNCTION], more].concat())
}

fn row_has_bars() -> Result<()> {
    let mut app = start(&["--interval", "0.1"])?;
    ensure!(app.title().starts_with("COMM             LATENCY_NS"), "{}", app.title());
    let name = provoke()?;
    let row = app.row(|row| row.starts_with(&name))?;
    ensure!(row.contains("p50=") && row.contains("us p99="), "{row}");
    app.row(|row| row.contains("us) ") && row.ends_with("@|"))?;
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn each_call_is_counted_once() -> Result<()> {
    let app = start(&["-o", "json", "--once", "--strict"])?;
    let name = provoke()?;
    let documents = app.documents()?;
    let calls = documents.iter().find(|document| document["comm"] == name.as_str());
    let calls = calls.with_context(|| format!("no {name}: {documents:#?}"))?;
    ensure!(calls["latency_ns_count"] == CALLS, "{calls}");
    let buckets = calls["latency_ns_buckets"].as_array().context("no buckets")?;
    let sum: u64 = buckets.iter().filter_map(|count| count.as_u64()).sum();
    ensure!(sum == CALLS && calls["latency_ns_sum"].as_u64() > Some(0), "{calls}");
    Ok(())
}

fn other_processes_are_left_out() -> Result<()> {
    let app = start(&["-o", "json", "--once", "--pid", &process::id().to_string()])?;
    let name = provoke()?;
    let documents = app.documents()?;
    ensure!(documents.iter().all(|document| document["comm"] != name.as_str()), "{documents:#?}");
    Ok(())
}

fn missing_function_is_named() -> Result<()> {
    Process::run(&mut cli(["{{ name }}", "-f", "no_such_function"]))?
        .expect_code(1)?
        .expect_stderr("error[BPF0041]: this kernel has no function `no_such_function`")?
        .expect_stderr("hint: ")?;
    Ok(())
}

fn kernel_without_kprobes_is_named() -> Result<()> {
    if needs::kprobes().is_ok() {
        return skip("this kernel has kprobes");
    }
    Process::run(&mut cli(["{{ name }}"]))?
        .expect_code(1)?
        .expect_stderr("error[BPF0051]: failed to attach handle_return to the kernel function ")?
        .expect_stderr(": this kernel has no kprobes: ")?;
    Ok(())
}

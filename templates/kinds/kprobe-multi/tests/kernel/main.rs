//! `{{ name }}` on the running kernel: what its user sees.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use bpfapps_core::host::hooks::functions::Functions;
use bpfapps_testkit::{App, Fixture, Process, Test, cli, documents_of, fixture, needs, skip, test};

const TESTS: &[Test] = &[
    test!(busy_function_has_a_row),
    test!(documents_are_what_the_schema_says),
    test!(only_that_process_is_counted),
    test!(nothing_is_left),
    test!(missing_function_is_named),
    test!(whole_kernel_is_refused),
    test!(kernel_without_a_list_is_named),
    test!(kernel_that_is_too_old_is_named),
];

const FIXTURES: &[Fixture] = &[fixture!(read_files), fixture!(wait)];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[FIXTURES])
}

/// Calls vfs_read without an end.
fn read_files(_: &[String]) -> Result<()> {
    loop {
        fs::read("/proc/self/stat")?;
    }
}

/// Calls nothing.
fn wait(_: &[String]) -> Result<()> {
    nix::unistd::pause();
    Ok(())
}

/// What `--functions` can find at all.
fn needs_list() -> Result<()> {
    match Functions::traceable() {
        Ok(_) => Ok(()),
        Err(err) => skip(format!("{err:#}")),
    }
}

fn needs_multi() -> Result<()> {
    needs_list()?;
    needs::linux("5.18", "kprobe.multi")?;
    let own = Functions::read()?;
    // what kprobe.multi is made of
    match own.matching("register_fprobe_*").is_empty() {
        true => skip("this kernel has no kprobe.multi: CONFIG_FPROBE is off"),
        false => Ok(()),
    }
}

fn busy_function_has_a_row() -> Result<()> {
    needs_multi()?;
    let _busy = Process::start(&mut fixture("read_files")?)?;
    let exit = Process::run(&mut cli(["{{ name }}", "--functions", "vfs_r*d"]))?;
    let exit = exit.expect_code(0)?.expect_no_stderr()?;
    ensure!(exit.stdout[0].starts_with("TIME     CALLS"), "{exit:#?}");
    let row = exit.stdout.iter().find(|row| row.ends_with(" vfs_read"));
    let words: Vec<_> = row.context("no row")?.split_whitespace().collect();
    let count: u64 = words[1].parse().with_context(|| format!("{words:?}"))?;
    ensure!(count > 10, "{exit:#?}");
    ensure!(exit.stdout[1..].iter().all(|row| row.contains(" vfs_r")), "{exit:#?}");
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    needs_multi()?;
    let _busy = Process::start(&mut fixture("read_files")?)?;
    let documents = documents_of(&["{{ name }}", "-o", "json", "-f", "vfs_*"])?;
    let read = documents.iter().find(|it| it["function"] == "vfs_read");
    let read = read.with_context(|| format!("{documents:#?}"))?;
    ensure!(read["type"] == "calls" && read["count"] != 0, "{read}");
    Ok(())
}

fn only_that_process_is_counted() -> Result<()> {
    needs_multi()?;
    let _busy = Process::start(&mut fixture("read_files")?)?;
    let idle = Process::start(&mut fixture("wait")?)?;
    // it takes a moment to get there
    while idle.status("State")?.starts_with('R') {}
    let pid = idle.pid().to_string();
    let documents = documents_of(&["{{ name }}", "-o", "json", "-f", "vfs_read", "-p", &pid])?;
    ensure!(documents.len() == 1, "a process that waits reads nothing: {documents:#?}");
    Ok(())
}

fn nothing_is_left() -> Result<()> {
    needs_multi()?;
    let _busy = Process::start(&mut fixture("read_files")?)?;
    let mut app = App::start(&["{{ name }}", "-f", "vfs_read", "--interval", "0.05"])?;
    app.row(|row| row.ends_with(" vfs_read"))?;
    app.end()?;
    Ok(())
}

fn missing_function_is_named() -> Result<()> {
    needs_list()?;
    Process::run(&mut cli(["{{ name }}", "-f", "no_such_*"]))?
        .expect_code(1)?
        .expect_stderr("error: this kernel has no function to trace that matches `no_such_*`")?
        .expect_stderr("hint: available_filter_functions")?;
    Ok(())
}

fn whole_kernel_is_refused() -> Result<()> {
    needs_list()?;
    Process::run(&mut cli(["{{ name }}", "-f", "*"]))?
        .expect_code(1)?
        .expect_stderr("functions match `*`, and 10000 is the most")?;
    Ok(())
}

fn kernel_without_a_list_is_named() -> Result<()> {
    if needs_list().is_ok() {
        return skip("this kernel lists what can be traced");
    }
    Process::run(&mut cli(["{{ name }}"]))?
        .expect_code(1)?
        .expect_stderr("error: this kernel does not list the functions that can be traced")?
        .expect_stderr("hint: it is built without CONFIG_DYNAMIC_FTRACE, or locked down")?;
    Ok(())
}

fn kernel_that_is_too_old_is_named() -> Result<()> {
    needs::too_old(&["{{ name }}"])
}

//! `bpfapps {{ name }}` on the running kernel: what its user sees.

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{App, Process, bpfapps, test};

fn main() -> ExitCode {
    bpfapps_testkit::main(
        &[
            test!(own_writes_are_counted),
            test!(others_are_not_counted),
            test!(once_is_once),
        ],
        &[],
    )
}

/// Of `BPF triggered from PID 42: 3 writes` both numbers.
fn numbers(line: &str) -> Result<(u32, u64)> {
    let rest = line.strip_prefix("BPF triggered from PID ").and_then(|rest| {
        rest.strip_suffix(" writes")?.split_once(": ")
    });
    let (pid, count) = rest.with_context(|| line.to_owned())?;
    Ok((pid.parse()?, count.parse()?))
}

fn own_writes_are_counted() -> Result<()> {
    let mut app = App::start(&["{{ name }}"])?;
    let pid = app.process().pid();
    let first = numbers(app.title())?;
    // the next second
    let second = numbers(&app.row(|_| true)?)?;
    ensure!(first.0 == pid && second.0 == pid, "{first:?}, {second:?}");
    ensure!(first.1 >= 1 && second.1 > first.1, "{first:?}, {second:?}");
    let exit = app.end()?;
    ensure!(exit.stderr.is_empty(), "{exit:#?}");
    Ok(())
}

fn others_are_not_counted() -> Result<()> {
    let mut app = App::start(&["{{ name }}"])?;
    let first = numbers(app.title())?.1;
    for _ in 0..1000 {
        std::fs::write("/dev/null", ".")?;
    }
    let second = numbers(&app.row(|_| true)?)?.1;
    // its own: the line before, and the dot
    ensure!(second - first < 10, "{first}, {second}");
    app.end()?;
    Ok(())
}

fn once_is_once() -> Result<()> {
    let exit = Process::run(&mut bpfapps(["{{ name }}", "--once"]))?.expect_code(0)?;
    ensure!(exit.stdout.len() == 1 && numbers(&exit.stdout[0])?.1 >= 1, "{exit:#?}");
    Ok(())
}

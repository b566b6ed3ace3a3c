//! On a terminal rows fit its lines, and have colours.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{Process, Terminal, Test, cli, test};
use nix::sys::signal::Signal;

pub(crate) const TESTS: &[Test] = &[
    test!(rows_fit_the_terminal),
    test!(colours_are_for_terminals_that_want_them),
    test!(failed_exec_is_red),
    test!(only_our_own_escapes_reach_a_terminal),
];

const STYLES: [&str; 5] = ["\x1b[0m", "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[36m"];

fn plain(line: &str) -> String {
    let strip = |line: String, style: &&str| line.replace(*style, "");
    STYLES.iter().fold(line.to_owned(), strip)
}

/// A procs on a terminal which says that it can show colours.
fn start_on(terminal: &Terminal, args: &[&str]) -> Result<Process> {
    let mut command = cli([&["procs"], args].concat());
    command.env("TERM", "xterm").env_remove("NO_COLOR");
    Process::start_on(terminal, &mut command)
}

/// The row about an exec of `program`, which is run for that.
fn exec(procs: &mut Process, program: &Path) -> Result<String> {
    let mut child = Command::new(program).spawn()?;
    child.wait()?;
    let pid = format!(" {} ", child.id());
    procs.line(|line| line.contains("EXEC") && line.contains(&pid))
}

fn rows_fit_the_terminal() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let long = folder.path().join("x".repeat(120));
    symlink("/bin/true", &long)?;
    let shown = long.to_string_lossy();

    let terminal = Terminal::new(60)?;
    let mut procs = start_on(&terminal, &["--color", "never"])?;
    let title = procs.line(|line| line.starts_with("TIME"))?;
    ensure!(
        title.ends_with("FILENAME/EX…") && title.chars().count() == 60,
        "{title}"
    );
    let row = exec(&mut procs, &long)?;
    ensure!(row.ends_with('…') && row.chars().count() == 60, "{row}");
    terminal.resize(400)?;
    let row = exec(&mut procs, &long)?;
    ensure!(row.ends_with(shown.as_ref()), "{row}");
    terminal.resize(80)?;
    let row = exec(&mut procs, &long)?;
    ensure!(row.ends_with('…') && row.chars().count() == 80, "{row}");
    // a terminal that does not know how wide it is
    terminal.resize(0)?;
    let row = exec(&mut procs, &long)?;
    ensure!(row.ends_with(shown.as_ref()), "{row}");
    procs.signal(Signal::SIGINT)?;
    let exit = procs.wait()?.expect_code(0)?;
    let colours = exit.stdout.iter().filter(|line| line.contains('\x1b'));
    ensure!(colours.count() == 0, "{exit:#?}");
    Ok(())
}

fn colours_are_for_terminals_that_want_them() -> Result<()> {
    let failure = "\x1b[31m[7] (";
    let rows = |procs: Process| -> Result<(String, String, String)> {
        let mut procs = procs;
        let title = procs.line(|line| plain(line).starts_with("TIME"))?;
        let mut child = Command::new("sh").args(["-c", "exit 7"]).spawn()?;
        child.wait()?;
        let pid = format!(" {} ", child.id());
        let exec = procs.line(|line| line.contains(&pid))?;
        let exit = procs.line(|line| line.contains(&pid))?;
        Ok((title, exec, exit))
    };

    let terminal = Terminal::new(120)?;
    let (title, exec, exit) = rows(start_on(&terminal, &[])?)?;
    let bold = "\x1b[1mTIME\x1b[0m     \x1b[1mEVENT\x1b[0m \x1b[1mCOMM\x1b[0m ";
    ensure!(title.starts_with(bold), "{title:?}");
    ensure!(exec.contains(" \x1b[32mEXEC\x1b[0m  "), "{exec:?}");
    ensure!(exit.contains(" \x1b[36mEXIT\x1b[0m  "), "{exit:?}");
    ensure!(
        exit.contains(failure) && exit.ends_with(")\x1b[0m"),
        "{exit:?}"
    );

    // skipped if it is refused, or without a terminal
    let mut refused = Vec::new();
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let mut command = cli(["procs"]);
        command.env("TERM", "xterm").env(name, value);
        refused.push(Process::start_on(&Terminal::new(120)?, &mut command)?);
    }
    refused.push(Process::start(cli(["procs"]).env("TERM", "xterm"))?);
    for procs in refused {
        let (title, exec, exit) = rows(procs)?;
        let all = [title, exec, exit].concat();
        ensure!(!all.contains('\x1b') && all.contains("[7] ("), "{all:?}");
    }

    let always = ["procs", "--color", "always"];
    let (_, _, exit) = rows(Process::start(&mut cli(always))?)?;
    ensure!(exit.contains(failure), "{exit:?}");
    let json = [always.as_slice(), &["-o", "json"]].concat();
    let mut procs = Process::start(&mut cli(json))?;
    let ready = procs.line(|_| true)?;
    ensure!(ready.starts_with("{\"version\""), "{ready:?}");
    Ok(())
}

fn failed_exec_is_red() -> Result<()> {
    let terminal = Terminal::new(120)?;
    let mut procs = start_on(&terminal, &["--failed"])?;
    procs.line(|line| plain(line).starts_with("TIME"))?;
    ensure!(Command::new("/nonexistent/program").spawn().is_err());
    let row = procs.line(|line| line.contains("/nonexistent/program"))?;
    ensure!(row.contains(" \x1b[31mFAIL\x1b[0m  "), "{row:?}");
    Ok(())
}

fn only_our_own_escapes_reach_a_terminal() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let hostile = folder.path().join("\x1b[31m\x1b]0;x\x07\u{9b}2J");
    symlink("/bin/true", &hostile)?;
    let terminal = Terminal::new(0)?;
    let mut procs = start_on(&terminal, &[])?;
    procs.line(|line| plain(line).starts_with("TIME"))?;
    let row = exec(&mut procs, &hostile)?;
    ensure!(!plain(&row).contains(char::is_control), "{row:?}");
    let name = row.rsplit_once('/').context("a path")?.1;
    ensure!(name == r"\x1b[31m\x1b]0;x\x07\u{9b}2J", "{row:?}");
    Ok(())
}

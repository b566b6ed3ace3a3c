//! Rows, errors and input share one terminal, and each has its place.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::process::{self, Command};

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{Process, Terminal, Test, needs, test};
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::scratch::{APP, Scratch};
use crate::{PID, pid, row_of_a_child, runs};

pub(crate) const TESTS: &[Test] = &[
    test!(rows_do_not_push_an_error_out_of_sight),
    test!(input_goes_to_the_version_that_runs),
    test!(what_somebody_else_has_built_runs),
];

/// Has a shell redirect the streams of a command.
fn redirected(command: &Command, how: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec \"$0\" \"$@\" {how}")]);
    runs(&mut shell, command);
    shell
}

fn is_row(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words
        .nth(1)
        .is_some_and(|word| word == "process" || word == "thread")
}

/// The lines until one contains `text`: no row of the app is among them.
fn without_rows(dev: &mut Process, text: &str) -> Result<String> {
    let line = dev.line(|line| line.contains(text) || is_row(line))?;
    ensure!(!is_row(&line), "a row before `{text}`: {line}");
    Ok(line)
}

fn rows_do_not_push_an_error_out_of_sight() -> Result<()> {
    let scratch = Scratch::new("raw-tracepoint")?;
    let source = scratch.source()?;
    let terminal = Terminal::new(80)?;
    let mut command = redirected(&scratch.dev(), "2>&1");
    command.env("TERM", "xterm").env_remove("NO_COLOR");
    let mut dev = Process::start_on(&terminal, &mut command)?;
    let first = pid(&dev.line(|line| line.contains("it runs"))?)?;
    row_of_a_child(&mut dev)?;

    // bpf-build rejects it
    let header = format!("apps/{APP}/src/bpf/{APP}.h");
    let good = scratch.read(&header)?;
    scratch.change(&header, |text| {
        Ok(text.replace("bpfapps_uid uid;", "void *uid;"))
    })?;
    dev.line(|line| line.contains("shares a record"))?;
    without_rows(&mut dev, &format!("pid {first} continues"))?;

    // the kernel rejects it; each process of the build has a row
    scratch.change(&header, |_| Ok(good))?;
    scratch.save(&source.replace(PID, "*(__u32 *)ctx->args[0] = pid;"))?;
    without_rows(&mut dev, "\x1b[1;31merror")?;
    without_rows(&mut dev, &format!("pid {first} continues"))?;

    scratch.save(&source)?;
    let left_out = without_rows(&mut dev, "lines of output not shown")?;
    let count = left_out
        .split(' ')
        .find_map(|word| word.parse::<u32>().ok());
    ensure!(count > Some(3), "{left_out}");
    dev.line(|line| line.contains("the new version runs"))?;
    row_of_a_child(&mut dev)?;
    dev.signal(Signal::SIGINT)?;
    dev.wait()?.expect_code(0)?;
    Ok(())
}

fn input_goes_to_the_version_that_runs() -> Result<()> {
    needs::linux("6.1", "user ring buffers")?;
    let scratch = Scratch::new("user-ringbuf")?;
    let source = scratch.source()?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("typed");
    mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR)?;
    let mut typed = File::options().read(true).write(true).open(&path)?;
    let mut dev = Process::start(&mut redirected(
        &scratch.dev(),
        &format!("<{}", path.display()),
    ))?;
    let watched = format!("watch {}\n", process::id());
    let is_watched = |row: &str| {
        let id = process::id().to_string();
        row.split_whitespace().skip(1).take(2).eq(["watch", &id])
    };
    // before it is there
    typed.write_all(watched.as_bytes())?;
    dev.line(is_watched)?;
    scratch.save(&format!("{source}\nint changed = 1;\n"))?;
    dev.says("the new version runs")?;
    typed.write_all(watched.as_bytes())?;
    dev.line(is_watched)?;
    dev.signal(Signal::SIGINT)?;
    dev.wait()?.expect_code(0)?;
    Ok(())
}

/// cargo calls the binary fresh then.
fn what_somebody_else_has_built_runs() -> Result<()> {
    let scratch = Scratch::new("raw-tracepoint")?;
    let whole = fs::metadata(scratch.program())?.ino();
    let mut dev = Process::start(&mut scratch.dev())?;
    dev.says("it runs")?;
    dev.signal(Signal::SIGSTOP)?;
    dev.wait_for_state('T')?;
    let source = scratch.source()?;
    scratch.save(&source.replace(PID, "e->pid = 4242;"))?;
    scratch.build_like_dev()?;
    dev.signal(Signal::SIGCONT)?;
    dev.says("the new version runs")?;
    let row = row_of_a_child(&mut dev)?;
    let column = row.split_whitespace().nth(3).context("no column")?;
    ensure!(column == "4242", "the old program: {row}");
    ensure!(
        fs::metadata(scratch.program())?.ino() == whole,
        "the binary with all apps is another one"
    );
    Ok(())
}

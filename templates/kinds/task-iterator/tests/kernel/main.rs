//! `{{ name }}` on the running kernel: what its user sees.

use std::process::{self, Command, ExitCode};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use bpfapps_testkit::{
    App, Fixture, Process, Terminal, Test, cli, documents_of, fixture, sandbox, test,
};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::Pid;

const TESTS: &[Test] = &[
    test!(thread_has_a_row),
    test!(documents_are_what_the_schema_says),
    test!(only_that_process_is_listed),
    test!(process_of_a_container_has_its_number),
    test!(only_those_states_are_listed),
    test!(wrong_state_is_refused),
    test!(lists_are_blocks_in_a_pipe),
    test!(list_is_renewed_on_a_terminal),
    test!(missing_field_to_sort_by_is_named),
];

const FIXTURES: &[Fixture] = &[fixture!(wait_for_a_signal), fixture!(leave_a_zombie)];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[FIXTURES])
}

/// Waits in the kernel until it is killed.
fn wait_for_a_signal(_: &[String]) -> Result<()> {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGUSR1);
    signals.thread_block()?;
    signals.wait()?;
    Ok(())
}

/// Has a child that has ended and that nobody waits for.
fn leave_a_zombie(args: &[String]) -> Result<()> {
    let _zombie = Command::new("true").spawn()?;
    wait_for_a_signal(args)
}

fn thread_has_a_row() -> Result<()> {
    let process = Process::start(&mut fixture("wait_for_a_signal")?)?;
    let pid = process.pid().to_string();
    let mut app = App::start(&["{{ name }}", "--interval", "0.05", "--pid", &pid])?;
    ensure!(app.title().starts_with("TIME     STATE COMM"), "{}", app.title());
    // it takes a moment to get there
    let row = app.row(|row| row.contains("sigtimedwait"))?;
    let words: Vec<_> = row.split_whitespace().collect();
    ensure!(words[1] == "S" && words[3] == pid && words[4] == pid, "{row}");
    ensure!(row.contains(" < do_syscall_64") || row.contains(" < invoke_syscall"), "{row}");
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let other = Process::start(&mut fixture("wait_for_a_signal")?)?;
    let documents = documents_of(&["{{ name }}", "-o", "json"])?;
    for pid in [other.pid(), process::id()] {
        let listed = documents.iter().any(|document| document["pid"] == pid);
        ensure!(listed, "{pid} is not listed: {documents:#?}");
    }
    Ok(())
}

fn only_that_process_is_listed() -> Result<()> {
    // a second thread of ours, which the listing is to have
    let other = thread::spawn(|| {
        let args = ["{{ name }}", "-o", "json", "--pid", &Pid::this().to_string()];
        documents_of(&args)
    });
    let documents = other.join().expect("it does not panic")?;
    let threads: Vec<_> = documents.iter().filter(|it| it["type"] == "thread").collect();
    ensure!(threads.len() >= 2, "{documents:#?}");
    ensure!(threads.iter().all(|thread| thread["pid"] == process::id()), "{documents:#?}");
    Ok(())
}

/// In a container, --pid and the rows have the numbers that are known there.
fn process_of_a_container_has_its_number() -> Result<()> {
    sandbox::filters_in_pid_namespace(&["{{ name }}"], "sleep 60")
}

fn only_those_states_are_listed() -> Result<()> {
    let _parent = Process::start(&mut fixture("leave_a_zombie")?)?;
    let args = ["{{ name }}", "-o", "json", "--interval", "0.05", "--state", "Z"];
    let mut app = App::start(&args)?;
    app.document(|document| document["comm"] == "true")?;
    let documents = app.documents()?;
    let mut threads = documents.iter().filter(|document| document["type"] == "thread");
    ensure!(threads.all(|thread| thread["state"] == "Z"), "{documents:#?}");
    Ok(())
}

fn wrong_state_is_refused() -> Result<()> {
    Process::run(&mut cli(["{{ name }}", "--state", "Q"]))?
        .expect_code(2)?
        .expect_stderr("`Q` is not a state: use RSDTtXZPI")?;
    Ok(())
}

fn lists_are_blocks_in_a_pipe() -> Result<()> {
    let args = ["{{ name }}", "--interval", "0.05", "--top", "2", "--sort", "tid"];
    let mut app = App::start(&args)?;
    for _ in 0..2 {
        app.row(str::is_empty)?;
    }
    let exit = app.end()?;
    let [time, title, first, second, end, next, ..] = exit.stdout.as_slice() else {
        bail!("no two lists: {exit:#?}");
    };
    ensure!(time.len() == 8 && time.split(':').count() == 3, "{exit:#?}");
    ensure!(title.starts_with("TIME ") && end.is_empty(), "{exit:#?}");
    ensure!(next.len() == 8, "{exit:#?}");
    // a name may have spaces
    let column = title.find("TID").context("no column TID")?;
    let tid = |row: &str| row.get(column..)?.split_whitespace().next()?.parse::<u32>().ok();
    ensure!(tid(first) > tid(second) && tid(second).is_some(), "{exit:#?}");
    Ok(())
}

fn list_is_renewed_on_a_terminal() -> Result<()> {
    let terminal = Terminal::new(20)?;
    let mut command = cli(["{{ name }}", "--interval", "0.05"]);
    command.env("TERM", "xterm").env("NO_COLOR", "1");
    let mut app = Process::start_on(&terminal, &mut command)?;
    let is_title = |line: &str| line == "\x1b[H\x1b[KTIME     STATE COMM…";
    app.line(is_title)?;
    let more = app.line(|line| line.starts_with("\x1b[J"))?;
    // there are more threads than lines, and the next list follows on the same line
    ensure!(more.contains(" more\x1b[H\x1b[KTIME "), "{more:?}");
    app.signal(Signal::SIGINT)?;
    let exit = app.wait()?.expect_code(0)?;
    let last = exit.stdout.last().map_or("", String::as_str);
    ensure!(last.ends_with(" more"), "{exit:#?}");
    let rows = exit.stdout.iter().take_while(|line| !line.starts_with("\x1b[J"));
    // from the title on, above it is what moves the screen up
    ensure!(rows.skip(23).count() == 23, "{exit:#?}");
    Ok(())
}

fn missing_field_to_sort_by_is_named() -> Result<()> {
    Process::run(&mut cli(["{{ name }}", "--sort", "weight"]))?
        .expect_code(1)?
        .expect_stderr("error: failed to sort by `weight`: the fields are pid, tid, uid, ")?;
    Ok(())
}

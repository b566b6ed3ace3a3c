//! `{{ name }}` on the running kernel: what its user sees.

use std::fs;
use std::path::PathBuf;
use std::process::{self, Command, ExitCode};

use anyhow::{Context, Result, bail, ensure};
use bpfapps_testkit::{App, Fixture, Process, Test, cli, fixture, needs, needs_fentry, sandbox, skip, test};

const TESTS: &[Test] = &[
    test!(removed_file_has_a_row),
    test!(kprobes_see_the_same),
    test!(documents_are_what_the_schema_says),
    test!(only_that_process_is_reported),
    test!(process_of_a_container_has_its_number),
    test!(only_failures_are_reported),
    test!(kernel_without_any_way_is_named),
];

const FIXTURES: &[Fixture] = &[fixture!(remove)];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[FIXTURES])
}

/// A file of our own.
fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("{{ name }}.{}.{name}", process::id()))
}

/// Removes a file that is there, and one that is not.
fn remove(_: &[String]) -> Result<()> {
    let there = file("there");
    fs::write(&there, "")?;
    fs::remove_file(&there).context("failed to remove a file")?;
    ensure!(fs::remove_file(file("absent")).is_err(), "there was one");
    Ok(())
}

/// Runs the fixture, and returns its pid.
fn provoke() -> Result<u32> {
    Ok(Process::run(&mut fixture("remove")?)?.expect_code(0)?.pid)
}

fn start(more: &[&str]) -> Result<App> {
    if needs_fentry().is_err() {
        needs::kprobes()?;
    }
    App::start(&[&["{{ name }}", "-v"], more].concat())
}

/// Both files are seen, and the app says that this is how.
fn both_have_a_row(mut app: App, hook: &str) -> Result<()> {
    ensure!(app.title().starts_with("TIME     COMM"), "{}", app.title());
    let pid = provoke()?.to_string();
    for (outcome, error, name) in [("removed", "-", "there"), ("failed", "ENOENT", "absent")] {
        let row = app.row(|row| row.split_whitespace().nth(2) == Some(&pid))?;
        let words: Vec<_> = row.split_whitespace().collect();
        ensure!((words[4], words[6]) == (outcome, error), "{row}");
        ensure!(words[7].ends_with(&format!("{pid}.{name}")), "{row}");
    }
    app.end()?.expect_stderr(hook)?;
    Ok(())
}

fn removed_file_has_a_row() -> Result<()> {
    needs_fentry()?;
    both_have_a_row(start(&[])?, ": Fentry")
}

fn kprobes_see_the_same() -> Result<()> {
    needs::kprobes()?;
    both_have_a_row(start(&["--kprobe"])?, ": Kprobe")?;
    // without being reported to
    match needs_fentry() {
        Ok(()) => Ok(()),
        Err(_) => both_have_a_row(start(&[])?, ": Kprobe"),
    }
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let mut app = start(&["-o", "json"])?;
    let pid = provoke()?;
    let failed = app.document(|it| it["type"] == "failed" && it["pid"] == pid)?;
    ensure!(failed["error"] == "ENOENT", "{failed}");
    let documents = app.documents()?;
    let removed = documents.iter().any(|it| it["type"] == "removed" && it["pid"] == pid);
    ensure!(removed, "{documents:#?}");
    Ok(())
}

fn only_that_process_is_reported() -> Result<()> {
    let mut app = start(&["-o", "json", "--pid", &process::id().to_string()])?;
    provoke()?;
    remove(&[])?;
    app.document(|it| it["type"] == "failed" && it["pid"] == process::id())?;
    let documents = app.documents()?;
    let mut own = documents.iter().filter(|it| it["pid"].is_number());
    ensure!(own.all(|it| it["pid"] == process::id()), "{documents:#?}");
    Ok(())
}

/// In a container, --pid and the rows have the numbers that are known there.
fn process_of_a_container_has_its_number() -> Result<()> {
    needs_fentry()?;
    let file = std::env::temp_dir().join(format!("{{ name }}.{}.inside", process::id()));
    let rows = file.with_extension("rows");
    let script = r#": > "$1"; sh -c 'until grep -q TIME "$1"; do sleep 0.01; done; exec rm "$0"' "$1" "$2" &
        p=$!; "$0" {{ name }} --pid $p -n 1 > "$2"; tail -n 1 "$2"; echo $p; rm "$2""#;
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).arg(cli([""]).get_program()).args([&file, &rows]);
    let exit = Process::run(&mut sandbox::in_pid_namespace(&shell)?)?.expect_code(0)?;
    let [row, pid] = exit.stdout.as_slice() else {
        bail!("not one row: {exit:#?}");
    };
    let words: Vec<_> = row.split_whitespace().collect();
    ensure!(words[1..3] == ["rm", pid], "{exit:#?}");
    Ok(())
}

fn only_failures_are_reported() -> Result<()> {
    let mut app = start(&["-o", "json", "--failed"])?;
    let pid = provoke()?;
    app.document(|it| it["type"] == "failed" && it["pid"] == pid)?;
    let documents = app.documents()?;
    ensure!(!documents.iter().any(|it| it["type"] == "removed"), "{documents:#?}");
    Ok(())
}

fn kernel_without_any_way_is_named() -> Result<()> {
    if needs_fentry().is_ok() || needs::kprobes().is_ok() {
        return skip("this kernel has fentry or kprobes");
    }
    Process::run(&mut cli(["{{ name }}"]))?
        .expect_code(1)?
        .expect_stderr("error[BPF0049]: this kernel has no kprobes, and refuses fentry: ")?
        .expect_stderr("hint: use a kernel built with CONFIG_KPROBE_EVENTS")?;
    Ok(())
}

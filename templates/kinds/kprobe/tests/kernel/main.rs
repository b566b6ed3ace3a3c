//! `{{ name }}` on the running kernel: what its user sees.

use std::fs;
use std::process::{self, Command, ExitCode};

use anyhow::{Context, Result, bail, ensure};
use bpfapps_testkit::{App, Fixture, Process, Test, cli, fixture, needs, sandbox, skip, test};

const TESTS: &[Test] = &[
    test!(call_has_a_row),
    test!(documents_are_what_the_schema_says),
    test!(other_processes_are_left_out),
    test!(process_of_a_container_has_its_number),
    test!(short_calls_are_left_out),
    test!(first_function_that_is_there_is_traced),
    test!(other_functions_have_no_name),
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

/// Calls it.
fn unlink(_: &[String]) -> Result<()> {
    let path = std::env::temp_dir().join(format!("{{ name }}.{}", process::id()));
    fs::write(&path, "")?;
    fs::remove_file(&path).context("failed to remove a file")
}

/// Runs the fixture, and returns its pid.
fn provoke() -> Result<u32> {
    Ok(Process::run(&mut fixture("unlink")?)?.expect_code(0)?.pid)
}

fn start(more: &[&str]) -> Result<App> {
    needs::kprobes()?;
    App::start(&[&["{{ name }}", "--function", FUNCTION], more].concat())
}

fn call_has_a_row() -> Result<()> {
    let mut app = start(&[])?;
    ensure!(app.title().starts_with("TIME     COMM"), "{}", app.title());
    let pid = provoke()?.to_string();
    let row = app.row(|row| row.split_whitespace().nth(2) == Some(&pid))?;
    let words: Vec<_> = row.split_whitespace().collect();
    let ms: f64 = words[4].parse().context("no duration")?;
    ensure!((0.0..5_000.0).contains(&ms) && words[5] == "0", "{row}");
    // as the kernel has it in the dentry
    ensure!(words[6] == format!("{{ name }}.{pid}"), "{row}");
    // the second argument of vfs_unlink is a pointer in every version of it
    ensure!(words[8].starts_with("0xff"), "{row}");
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let mut app = start(&["-o", "json"])?;
    let pid = provoke()?;
    let call = app.document(|document| document["pid"] == pid)?;
    ensure!(call["type"] == "call" && call["result"] == 0, "{call}");
    ensure!(call["name"] == format!("{{ name }}.{pid}"), "{call}");
    app.documents()?;
    Ok(())
}

fn other_processes_are_left_out() -> Result<()> {
    let mut app = start(&["-o", "json", "--pid", &process::id().to_string()])?;
    provoke()?;
    unlink(&[])?;
    app.document(|document| document["pid"] == process::id())?;
    let documents = app.documents()?;
    let mut calls = documents.iter().filter(|document| document["type"] == "call");
    ensure!(calls.all(|call| call["pid"] == process::id()), "{documents:#?}");
    Ok(())
}

/// In a container, --pid and the rows have the numbers that are known there.
fn process_of_a_container_has_its_number() -> Result<()> {
    needs::kprobes()?;
    let file = std::env::temp_dir().join(format!("{{ name }}.{}.inside", process::id()));
    let rows = file.with_extension("rows");
    let script = r#": > "$1"; sh -c 'until grep -q TIME "$1"; do sleep 0.01; done; exec rm "$0"' "$1" "$2" &
        p=$!; "$0" {{ name }} --function vfs_unlink --pid $p -n 1 > "$2"; tail -n 1 "$2"; echo $p; rm "$2""#;
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).arg(cli([""]).get_program()).args([&file, &rows]);
    let exit = Process::run(&mut sandbox::in_pid_namespace(&shell)?)?.expect_code(0)?;
    let [row, pid] = exit.stdout.as_slice() else {
        bail!("not one row: {exit:#?}");
    };
    let words: Vec<_> = row.split_whitespace().collect();
    // a process has the number of its first thread
    ensure!(words[1..4] == ["rm", pid, pid], "{exit:#?}");
    Ok(())
}

fn short_calls_are_left_out() -> Result<()> {
    let app = start(&["-o", "json", "--duration", "60000"])?;
    provoke()?;
    let documents = app.documents()?;
    ensure!(documents.len() == 1, "no call took a minute: {documents:#?}");
    Ok(())
}

fn first_function_that_is_there_is_traced() -> Result<()> {
    needs::kprobes()?;
    let args = ["{{ name }}", "-v", "-f", "no_such_function", "-f", FUNCTION, "-n", "1"];
    let app = App::start(&args)?;
    provoke()?;
    app.end()?.expect_stderr("this kernel has the function vfs_unlink")?;
    Ok(())
}

/// Of a function without such an argument there is no name.
fn other_functions_have_no_name() -> Result<()> {
    needs::kprobes()?;
    let mut app = App::start(&["{{ name }}", "-o", "json", "--function", "vfs_read"])?;
    let call = app.document(|document| document["type"] == "call")?;
    ensure!(call.get("name").is_none() && call["args"].is_array(), "{call}");
    app.end()?;
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

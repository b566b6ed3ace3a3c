//! `{{ name }}` on the running kernel: what its user sees.
#![allow(unsafe_code, reason = "what the macro of a probe expands to")]

use std::ffi::CString;
use std::process::ExitCode;

use anyhow::{Result, bail, ensure};
use bpfapps_testkit::{App, Fixture, Process, Test, cli, fixture, needs, own_path, skip, test};
use probe::probe;

const TESTS: &[Test] = &[
    test!(hit_has_a_row),
    test!(documents_are_what_the_schema_says),
    test!(other_values_are_left_out),
    test!(argument_is_a_string),
    test!(missing_probe_is_named),
    test!(wrong_probe_is_refused),
    test!(kernel_that_is_too_old_is_named),
];

const FIXTURES: &[Fixture] = &[fixture!(hit), fixture!(hit_with_string)];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[FIXTURES])
}

/// Hits the probe that the tests trace, which is in this very binary.
///
/// When you trace another one: hit that here, and drop `--binary` and `--probe`.
fn hit(args: &[String]) -> Result<()> {
    let [a, b] = args else { bail!("two numbers") };
    let (a, b): (isize, isize) = (a.parse()?, b.parse()?);
    probe!(tests, hit, a, b);
    Ok(())
}

/// Hits another probe with a C string, at two places.
fn hit_with_string(args: &[String]) -> Result<()> {
    let [a, b] = args else { bail!("two texts") };
    let (a, b) = (CString::new(a.as_str())?, CString::new(b.as_str())?);
    probe!(tests, with_string, 1, a.as_ptr());
    probe!(tests, with_string, 2, b.as_ptr());
    Ok(())
}

/// Runs the fixture, and returns its pid.
fn provoke(a: &str, b: &str) -> Result<u32> {
    Ok(Process::run(fixture("hit")?.args([a, b]))?.expect_code(0)?.pid)
}

/// The app on this binary.
fn start(more: &[&str]) -> Result<App> {
    needs::uprobes()?;
    needs::linux("5.15", "USDT probes of all processes")?;
    let own = own_path()?;
    App::start(&[&["{{ name }}", "--binary", &own, "--probe", "tests:hit"], more].concat())
}

fn hit_has_a_row() -> Result<()> {
    let mut app = start(&[])?;
    ensure!(app.title().starts_with("TIME     COMM"), "{}", app.title());
    let pid = provoke("17", "-3")?.to_string();
    let row = app.row(|row| row.split_whitespace().nth(2) == Some(&pid))?;
    let words: Vec<_> = row.split_whitespace().collect();
    ensure!(words[4..] == ["-", "17", "-3"], "{row}");
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let mut app = start(&["-o", "json"])?;
    let pid = provoke("1", "-2")?;
    let hit = app.document(|document| document["pid"] == pid)?;
    ensure!(hit["type"] == "hit" && hit["args"][0] == 1 && hit["args"][1] == -2, "{hit}");
    app.documents()?;
    Ok(())
}

fn other_values_are_left_out() -> Result<()> {
    let mut app = start(&["-o", "json", "--arg", "1=-2"])?;
    let (other, wanted) = (provoke("1", "2")?, provoke("1", "-2")?);
    app.document(|document| document["pid"] == wanted)?;
    let documents = app.documents()?;
    ensure!(!documents.iter().any(|document| document["pid"] == other), "{documents:#?}");
    Ok(())
}

fn argument_is_a_string() -> Result<()> {
    needs::uprobes()?;
    needs::linux("5.15", "USDT probes of all processes")?;
    let own = own_path()?;
    let args = ["{{ name }}", "--binary", &own, "--probe", "tests:with_string", "--string", "1", "-o", "json"];
    let mut app = App::start(&args)?;
    let pid = Process::run(fixture("hit_with_string")?.args(["first", "second one"]))?.expect_code(0)?.pid;
    for (number, text) in [(1, "first"), (2, "second one")] {
        let hit = app.document(|document| document["pid"] == pid)?;
        ensure!(hit["args"][0] == number && hit["string"] == text, "{hit}");
    }
    app.documents()?;
    Ok(())
}

fn missing_probe_is_named() -> Result<()> {
    let own = own_path()?;
    Process::run(&mut cli(["{{ name }}", "--binary", &own, "--probe", "tests:miss"]))?
        .expect_code(1)?
        .expect_stderr("error[BPF0043]: failed to attach handle_probe to the probe tests:miss of ")?
        .expect_stderr("hint: did you mean tests:hit?")?;
    Ok(())
}

fn wrong_probe_is_refused() -> Result<()> {
    Process::run(&mut cli(["{{ name }}", "--probe", "hit"]))?
        .expect_code(2)?
        .expect_stderr("not of the form PROVIDER:NAME")?;
    Ok(())
}

fn kernel_that_is_too_old_is_named() -> Result<()> {
    needs::uprobes()?;
    if needs::linux("5.15", "them").is_ok() {
        return skip("this kernel traces USDT probes in all processes");
    }
    let own = own_path()?;
    Process::run(&mut cli(["{{ name }}", "--binary", &own, "--probe", "tests:hit"]))?
        .expect_code(1)?
        .expect_stderr("this kernel supports USDT probes only in a single process")?
        .expect_stderr("or use Linux 5.15 or newer")?;
    Ok(())
}

//! `{{ name }}` on the running kernel: what its user sees.
#![allow(unsafe_code, reason = "a function under a name that can be looked up")]

use std::ffi::{CString, c_char};
use std::fs;
use std::hint::black_box;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{App, Fixture, Process, Test, cli, fixture, needs, own_path, skip, test};

const TESTS: &[Test] = &[
    test!(call_has_a_row),
    test!(documents_are_what_the_schema_says),
    test!(short_calls_are_left_out),
    test!(argument_is_a_string),
    test!(return_inside_of_a_function_is_refused),
    test!(library_is_found_by_name),
    test!(missing_function_is_named),
];

const FIXTURES: &[Fixture] = &[fixture!(call_it), fixture!(call_with_string)];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[FIXTURES])
}

/// The function that the tests trace: in this very binary.
///
/// When you trace another one: call that in a fixture of your own, and drop `--binary`.
// SAFETY: nothing else here has that name.
#[unsafe(no_mangle)]
extern "C" fn probed_by_tests(a: u64, ms: u64) -> u64 {
    thread::sleep(Duration::from_millis(ms));
    black_box(a + ms)
}

/// Calls it with the two arguments.
fn call_it(args: &[String]) -> Result<()> {
    let [a, ms] = args else { anyhow::bail!("two numbers") };
    black_box(probed_by_tests(a.parse()?, ms.parse()?));
    Ok(())
}

// SAFETY: nothing else here has that name.
#[unsafe(no_mangle)]
extern "C" fn string_probed_by_tests(_: u64, text: *const c_char) -> *const c_char {
    black_box(text)
}

/// Calls it with a text.
fn call_with_string(args: &[String]) -> Result<()> {
    let text = CString::new(args.first().context("a text")?.as_str())?;
    black_box(string_probed_by_tests(0, text.as_ptr()));
    Ok(())
}

/// Runs the fixture, and returns its pid.
fn provoke(a: &str, ms: &str) -> Result<u32> {
    Ok(Process::run(fixture("call_it")?.args([a, ms]))?.expect_code(0)?.pid)
}

/// The app on this binary.
fn start(more: &[&str]) -> Result<App> {
    needs::uprobes()?;
    let own = own_path()?;
    let args = ["{{ name }}", "--binary", &own, "--function", "probed_by_tests"];
    App::start(&[&args, more].concat())
}

fn call_has_a_row() -> Result<()> {
    let mut app = start(&[])?;
    ensure!(app.title().starts_with("TIME     COMM"), "{}", app.title());
    let pid = provoke("17", "50")?.to_string();
    let row = app.row(|row| row.split_whitespace().nth(2) == Some(&pid))?;
    let words: Vec<_> = row.split_whitespace().collect();
    let ms: f64 = words[3].parse().context("no duration")?;
    ensure!((50.0..5_000.0).contains(&ms), "{row}");
    ensure!(words[4..8] == ["67", "-", "0x11", "0x32"], "{row}");
    app.end()?.expect_no_stderr()?;
    Ok(())
}

fn documents_are_what_the_schema_says() -> Result<()> {
    let mut app = start(&["-o", "json"])?;
    let pid = provoke("1", "2")?;
    let call = app.document(|document| document["pid"] == pid)?;
    ensure!(call["type"] == "call" && call["result"] == 3, "{call}");
    app.documents()?;
    Ok(())
}

fn short_calls_are_left_out() -> Result<()> {
    let mut app = start(&["-o", "json", "--duration", "40"])?;
    let (short, long) = (provoke("1", "0")?, provoke("1", "50")?);
    app.document(|document| document["pid"] == long)?;
    let documents = app.documents()?;
    ensure!(!documents.iter().any(|document| document["pid"] == short), "{documents:#?}");
    Ok(())
}

fn argument_is_a_string() -> Result<()> {
    needs::uprobes()?;
    let own = own_path()?;
    // the second argument, and the result
    for place in ["2", "0"] {
        let args = ["{{ name }}", "--binary", &own, "--function", "string_probed_by_tests"];
        let mut app = App::start(&[&args[..], &["-o", "json", "--string", place]].concat())?;
        let pid = Process::run(fixture("call_with_string")?.arg("good morning"))?.expect_code(0)?.pid;
        let call = app.document(|document| document["pid"] == pid)?;
        ensure!(call["string"] == "good morning", "{call}");
        app.documents()?;
    }
    Ok(())
}

fn return_inside_of_a_function_is_refused() -> Result<()> {
    let own = own_path()?;
    let args = ["{{ name }}", "--binary", &own, "--function", "probed_by_tests+0x1"];
    Process::run(&mut cli(args))?
        .expect_code(1)?
        .expect_stderr("it is inside of a function, and has no return")?;
    Ok(())
}

fn library_is_found_by_name() -> Result<()> {
    needs::uprobes()?;
    if !fs::read_to_string("/proc/self/maps")?.contains("/libc.so.6") {
        return skip("this test is linked statically: nothing here calls libc.so.6");
    }
    // what the fixture sleeps by
    let args = ["{{ name }}", "--binary", "libc.so.6", "--function", "clock_nanosleep"];
    let mut app = App::start(&args)?;
    let pid = provoke("0", "1")?.to_string();
    app.row(|row| row.split_whitespace().nth(2) == Some(&pid))?;
    app.end()?;
    Ok(())
}

fn missing_function_is_named() -> Result<()> {
    let own = own_path()?;
    let args = ["{{ name }}", "--binary", &own, "--function", "no_such_function"];
    let said = format!("failed to attach handle_return to no_such_function in {own}: it has no such");
    Process::run(&mut cli(args))?
        .expect_code(1)?
        .expect_stderr("error[BPF0043]: ")?
        .expect_stderr(&said)?
        .expect_stderr("hint: ")?;
    Ok(())
}

//! `bpfapps` called by another name, and what clap can't be asked through trycmd.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

const BPFAPPS: &str = env!("CARGO_BIN_EXE_bpfapps");

fn run(program: &Path, args: &[&str]) -> Output {
    Command::new(program)
        .args(args)
        .output()
        .expect("bpfapps runs")
}

#[test]
fn link_named_after_an_app_is_that_app() {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("bootstrap");
    symlink(BPFAPPS, &link).expect("a link");

    let help = run(&link, &["--help"]);
    assert!(help.status.success());
    let text = String::from_utf8_lossy(&help.stdout);
    assert!(text.contains("Usage: bootstrap [OPTIONS]"), "{text}");

    let wrong = run(&link, &["-d", "0"]);
    assert_eq!(wrong.status.code(), Some(2));
    let text = String::from_utf8_lossy(&wrong.stderr);
    assert!(
        text.contains("invalid value '0' for '--duration <MS>'"),
        "{text}"
    );
}

#[test]
fn link_of_any_other_name_is_bpfapps() {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("tracer");
    symlink(BPFAPPS, &link).expect("a link");
    assert!(run(&link, &["list"]).status.success());
}

#[test]
fn completions_and_man_pages_know_the_apps() {
    for (args, expected) in [
        (["completions", "bash"], "--duration"),
        (["completions", "zsh"], "bootstrap"),
        (["completions", "fish"], "minimal"),
        (["man", "bootstrap"], "bpfapps\\-bootstrap"),
    ] {
        let output = run(Path::new(BPFAPPS), &args);
        assert!(output.status.success(), "{args:?}");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains(expected), "{args:?}: {text}");
    }
}

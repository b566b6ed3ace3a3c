//! `bpfapps` called by another name, and what clap can't be asked through trycmd.

use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
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

/// The first line of `--help` is the NAME and the DESCRIPTION of the man page.
#[test]
fn man_page_of_each_app_says_what_its_help_says() {
    let text = |args: &[&str]| {
        let output = run(Path::new(BPFAPPS), args);
        assert!(output.status.success(), "{args:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let list = text(&["list", "--output", "json"]);
    let list: Vec<serde_json::Value> = serde_json::from_str(&list).expect("a list");
    assert!(!list.is_empty(), "no app");
    for app in list {
        let app = app["name"].as_str().expect("a name");
        let help = text(&[app, "--help"]);
        let about = help.lines().next().expect("a line");
        // roff escapes apostrophes and minus signs
        let page = text(&["man", app]).replace("\\*(Aq", "'");
        let page = page.replace('\\', "");
        let name = format!("\n.SH NAME\nbpfapps-{app} - {about}\n");
        assert!(page.contains(&name), "{name}{page}");
        let description = format!("\n.SH DESCRIPTION\n{about}\n");
        assert!(page.contains(&description), "{description}{page}");
        let synopsis = format!("\n.SH SYNOPSIS\nfBbpfapps {app}fR ");
        assert!(page.contains(&synopsis), "{synopsis}{page}");
    }
}

/// A hint names a command that works where it is printed.
#[test]
fn hints_name_the_program_as_it_was_called() {
    let folder = tempfile::tempdir().expect("a folder");
    let hint = |name: &str, arg0: Option<&str>, with_xtask: bool| {
        let link = folder.path().join(name);
        let _ = symlink(BPFAPPS, &link);
        let mut command = Command::new(&link);
        if let Some(name) = arg0 {
            command.arg0(name);
        }
        if with_xtask {
            command.env("BPFAPPS_XTASK", "1");
        }
        let output = command.args(["man", "none"]).output().expect("it runs");
        let text = String::from_utf8(output.stderr).expect("UTF-8");
        let (_, hint) = text.trim_end().split_once(": see ").expect("a hint");
        hint.to_owned()
    };
    let path = folder.path().join("tracer").display().to_string();
    assert_eq!(hint("tracer", None, false), format!("`{path} list`"));
    assert_eq!(hint("tracer", Some("tracer"), false), "`tracer list`");
    assert_eq!(hint("tracer", None, true), "`cargo xtask run list`");
}

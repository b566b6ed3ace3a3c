//! `new` and `remove`.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Output, Stdio};
use std::thread;
use std::time::Duration;

use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::own::{Own, run, tree, tree_without_target, xtask};

#[test]
fn every_path_is_told_and_removed_again() {
    let own = Own::new();
    let root = &own.root();
    let before = tree(root);
    for kind in ["tracepoint", "raw-tracepoint", "uprobe"] {
        let made = run(root, &["new", "my_app", "--template", kind]);
        assert!(made.status.success(), "{made:?}");
        let after = tree_without_target(root);
        let files = after
            .iter()
            .filter(|(path, text)| before.get(*path) != Some(text));
        let changed: Vec<_> = files
            .filter(|(path, _)| path.is_file())
            .map(|(path, _)| {
                path.strip_prefix(root)
                    .expect("below")
                    .display()
                    .to_string()
            })
            .collect();
        let stdout = String::from_utf8_lossy(&made.stdout).into_owned();
        let (reported, next) = stdout.split_once("\n\n").expect("paths, and what next");
        let mut reported: Vec<_> = reported.lines().collect();
        reported.sort_unstable();
        assert_eq!(reported, changed);
        assert_eq!(next, "next: cargo xtask run my_app\n");

        let removed = run(root, &["remove", "my_app"]);
        assert!(removed.status.success(), "{removed:?}");
        assert!(tree_without_target(root) == before);
    }
    // the author's files are kept
    let kept =
        ["my_app", "my_app-1", "my_app-2"].map(|name| root.join("target/removed").join(name));
    assert!(kept.iter().all(|app| app.join("src/lib.rs").is_file()));
}

#[test]
fn what_is_refused_changes_nothing() {
    let own = Own::new();
    let root = &own.root();
    let before = tree(root);
    for (args, reason) in [
        (&["new", "my-app"][..], "hint: try `my_app`"),
        (&["new", "taken"], "there is an app taken already"),
        (&["new", "../x"], "it contains '.'"),
        (
            &["new", "x", "-t", "tracepont"],
            "did you mean tracepoint or raw-tracepoint?",
        ),
        (
            &["new", "x", "--set", "a=b"],
            "the template tracepoint asks for tracepoint",
        ),
        (
            &["new", "x", "--set", "tracepoint"],
            "not of the form KEY=VALUE",
        ),
        (
            &["new", "x", "-t", "uprobe", "--set", "binary=/no"],
            "there is no such program or library",
        ),
        (
            &["new", "x", "-t", "usdt", "--set", "probe=throw"],
            "`throw` is not of the form PROVIDER:NAME",
        ),
        (
            &["new", "x", "-t", "uprobe", "--set", "function=a\"b"],
            "it is empty, or contains a quote",
        ),
        (&["remove", "absent"], "there is no app absent"),
        (&["remove", "../apps"], "there is no app ../apps"),
        (&["remove", ".."], "there is no app .."),
    ] {
        let seen = run(root, args);
        let stderr = String::from_utf8_lossy(&seen.stderr);
        assert!(
            !seen.status.success() && stderr.contains(reason),
            "{args:?}: {stderr}"
        );
        assert!(tree(root) == before, "{args:?}");
    }
}

#[test]
fn every_command_of_the_binary_is_taken() {
    let cli = |arg: &str| {
        let said = bpfapps_testkit::cli([arg]).output().expect("bpfapps runs");
        String::from_utf8(said.stdout).expect("UTF-8")
    };
    let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
    let apps: Vec<_> = cli("list").lines().filter_map(first).collect();
    let help = cli("--help");
    let (_, commands) = help.split_once("Commands:\n").expect("commands");
    let (commands, _) = commands.split_once("\n\n").expect("their end");
    // a line with more about one begins further right
    let lines = commands.lines().filter(|line| !line.starts_with("   "));
    let commands = lines.filter_map(first).filter(|name| !apps.contains(name));
    let commands: Vec<_> = commands.collect();
    assert!(commands.contains(&"explain".to_owned()), "{help}");

    let own = Own::new();
    for command in commands {
        let seen = run(&own.root(), &["new", &command]);
        let stderr = String::from_utf8_lossy(&seen.stderr);
        assert!(
            stderr.contains("it is a command of own"),
            "{command}: {stderr}"
        );
    }
}

#[test]
fn whenever_it_is_interrupted_it_did_all_or_nothing() {
    let own = Own::new();
    let root = &own.root();
    let before = tree(root);
    assert!(run(root, &["new", "x"]).status.success());
    let whole = tree(root);
    assert!(run(root, &["remove", "x"]).status.success());

    let (mut all, mut nothing) = (0, 0);
    for step in 0..30 {
        let mut command = xtask(root, &["new", "x"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("xtask runs");
        match step % 3 {
            // at a different moment each time
            0 => thread::sleep(Duration::from_millis(step * 6)),
            // when it has begun to write, and a bit later
            _ => {
                let first = root.join("apps/x");
                while !first.exists() && child.try_wait().expect("a child").is_none() {}
                thread::sleep(Duration::from_micros(step % 3 * step * 5));
            }
        }
        let pid = Pid::from_raw(child.id().try_into().expect("a pid"));
        // it may be through already
        let _ = kill(pid, Signal::SIGINT);
        child.wait().expect("it ends");
        match tree_without_target(root) {
            tree if tree == before => nothing += 1,
            tree if tree == whole => {
                all += 1;
                assert!(run(root, &["remove", "x"]).status.success());
            }
            tree => panic!("step {step}: {:?}", tree.keys()),
        }
    }
    assert!(
        all > 0 && nothing > 0,
        "{all} times all of it, {nothing} times nothing"
    );
}

/// Somebody who answers each question on a terminal, and what was on it in the end.
fn answered(root: &Path, args: &[&str], answers: &[&str]) -> (Output, String) {
    let terminal = openpty(None, None).expect("a terminal");
    let mut command = xtask(root, args);
    command
        .stdin(terminal.slave.try_clone().expect("a copy"))
        .stderr(terminal.slave)
        .stdout(Stdio::piped());
    let child = command.spawn().expect("xtask runs");
    // otherwise the command keeps the other side of the terminal open
    drop(command);
    let (mut screen, mut seen) = (File::from(terminal.master), Vec::new());
    let mut answers = answers.iter();
    let mut buffer = [0; 1024];
    // reading from a closed terminal returns an error
    while let Ok(length @ 1..) = screen.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..length]);
        if seen.ends_with(b"] ") {
            let answer = answers.next().expect("no more questions");
            screen.write_all(answer.as_bytes()).expect("an answer");
        }
    }
    assert_eq!(answers.next(), None, "nobody asked");
    let output = child.wait_with_output().expect("xtask ends");
    (output, String::from_utf8_lossy(&seen).into_owned())
}

#[test]
fn questions_are_asked_until_the_answer_will_do() {
    let own = Own::new();
    let root = &own.root();
    let before = tree(root);
    let args = ["new", "my_app", "--template", "uprobe"];

    // the end of input is no answer
    let (output, screen) = answered(root, &args, &["\x04"]);
    assert!(!output.status.success());
    assert!(
        screen.contains("no answer, so nothing was created"),
        "{screen}"
    );
    assert!(tree(root) == before);

    let (output, screen) = answered(root, &args, &["/no\n", "\n", "getpit\n", "getpid\n"]);
    assert!(output.status.success(), "{screen}");
    for part in [
        "which program or library, by path or by name? [libc.so.6] ",
        "there is no such program or library",
        "getpid",
    ] {
        assert!(screen.contains(part), "{part} in {screen}");
    }
    let made = fs::read_to_string(root.join("apps/my_app/src/lib.rs")).expect("the app");
    assert!(
        made.contains("\"getpid\"") && made.contains("\"libc.so.6\""),
        "{made}"
    );
}

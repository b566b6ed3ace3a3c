//! The console blocks of the pages, compared with what the program prints.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{App, Process, Test, cli, needs, skip, test};

pub(crate) const TESTS: &[Test] = &[
    test!(each_block_is_run),
    test!(rows_of_bootstrap_are_what_the_readme_shows),
    test!(rows_of_procs_are_what_its_guide_shows),
    test!(failed_execs_are_what_the_guide_of_procs_shows),
    test!(traced_commands_are_what_the_guide_of_procs_shows),
    test!(rows_of_top_are_what_its_guide_shows),
    test!(reports_of_doctor_are_what_its_guide_shows),
    test!(mistakes_of_a_configuration_are_what_its_guide_shows),
];

const README: &str = include_str!("../../../README.md");
const PROCESSES: &str = include_str!("../../../docs/guides/processes.md");
const TOP: &str = include_str!("../../../docs/guides/top.md");
const DOCTOR: &str = include_str!("../../../docs/guides/doctor.md");
const CONFIGURATION: &str = include_str!("../../../docs/guides/configuration.md");

const BOOTSTRAP: &str = "cargo xtask run bootstrap";
const NOBODY: &str = "cargo xtask run procs --uid nobody";
const FAILED: &str = "sudo bpfapps procs --failed";
const TRACED: [&str; 2] = [
    "sudo bpfapps procs --args -- sh -c 'ls /nonexistent; which \"two words\"; kill -KILL $$'",
    "sudo bpfapps procs -o json -- sh -c 'exit 7'",
];
const RANKED: &str = "sudo bpfapps top";
const EXAMINED: &str = "sudo bpfapps doctor bootstrap";
const CHECKED: &str = "bpfapps config check my.yaml";

/// The user nobody on Debian.
const UID_OF_NOBODY: u32 = 65534;

/// Each command of the console blocks of a page, with the lines below it.
fn blocks(page: &str) -> Vec<(&str, Vec<&str>)> {
    let blocks = page.split("\n```console\n").skip(1);
    let blocks = blocks.filter_map(|rest| Some(rest.split_once("\n```")?.0));
    let mut commands: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in blocks.flat_map(str::lines) {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command, Vec::new())),
            (None, Some((_, output))) => output.push(line),
            (None, None) => {}
        }
    }
    commands
}

/// The output that a page shows below a command.
fn shown(page: &'static str, command: &str) -> Result<Vec<&'static str>> {
    let mut found = blocks(page)
        .into_iter()
        .filter(|(of, output)| *of == command && !output.is_empty());
    let (_, output) = found
        .next()
        .with_context(|| format!("no block has {command}"))?;
    Ok(output)
}

/// A line without what differs from one run to the next: numbers, times and the number of the run.
fn masked(line: &str) -> String {
    let mut masked = String::new();
    for word in line.split_whitespace() {
        let word = word.split_once("\"run\":\"").map_or_else(
            || word.to_owned(),
            |(before, rest)| {
                before.to_owned() + rest.trim_start_matches(|c: char| c.is_ascii_hexdigit())
            },
        );
        for c in word.chars() {
            match c.is_ascii_digit() {
                true if masked.ends_with('0') => {}
                true => masked.push('0'),
                false => masked.push(c),
            }
        }
        masked.push(' ');
    }
    masked
}

/// Fails unless every shown line was printed.
fn all_printed(shown: &[&str], printed: &[impl AsRef<str>]) -> Result<()> {
    let printed: Vec<_> = printed.iter().map(|line| masked(line.as_ref())).collect();
    for line in shown {
        ensure!(
            printed.contains(&masked(line)),
            "no line like `{line}`: {printed:#?}"
        );
    }
    Ok(())
}

/// The pages show programs by the paths that they have there.
fn on_debian() -> Result<()> {
    match Path::new("/etc/debian_version").exists() {
        true => Ok(()),
        false => skip("the pages show programs of Debian"),
    }
}

/// Runs the commands whose rows the pages show.
fn run_bash(bash: &mut Command) -> Result<()> {
    let script = "sh -c 'exit 7'; sh -c 'kill -KILL $$'; sleep 0.1; (exit 3); exit 0";
    bash.args(["-c", script]).stderr(Stdio::null()).status()?;
    Ok(())
}

fn shell(script: &str) -> Result<()> {
    let mut shell = Command::new("/usr/bin/sh");
    shell.args(["-c", script]).stderr(Stdio::null()).status()?;
    Ok(())
}

fn each_block_is_run() -> Result<()> {
    let run = [
        BOOTSTRAP, NOBODY, FAILED, TRACED[0], TRACED[1], RANKED, EXAMINED, CHECKED,
    ];
    for page in [README, PROCESSES, TOP, DOCTOR, CONFIGURATION] {
        for (command, output) in blocks(page) {
            let is_known = output.is_empty() || run.contains(&command);
            ensure!(
                is_known,
                "no test runs `{command}`, whose output a page shows"
            );
        }
    }
    Ok(())
}

fn rows_of_bootstrap_are_what_the_readme_shows() -> Result<()> {
    on_debian()?;
    let app = App::start(&["bootstrap"])?;
    run_bash(&mut Command::new("/usr/bin/bash"))?;
    let mut printed = vec![app.title().to_owned()];
    printed.extend(app.end()?.stdout);
    all_printed(&shown(README, BOOTSTRAP)?, &printed)
}

fn rows_of_procs_are_what_its_guide_shows() -> Result<()> {
    on_debian()?;
    let app = App::start(&["procs", "--uid", "nobody"])?;
    run_bash(Command::new("/usr/bin/bash").uid(UID_OF_NOBODY))?;
    let mut printed = vec![app.title().to_owned()];
    printed.extend(app.end()?.stdout);
    all_printed(&shown(PROCESSES, NOBODY)?, &printed)
}

fn failed_execs_are_what_the_guide_of_procs_shows() -> Result<()> {
    on_debian()?;
    let app = App::start(&["procs", "--failed"])?;
    shell("/nonexistent; exec /etc/passwd")?;
    all_printed(&shown(PROCESSES, FAILED)?, &app.end()?.stdout)
}

fn traced_commands_are_what_the_guide_of_procs_shows() -> Result<()> {
    on_debian()?;
    for command in TRACED {
        let (_, arguments) = command.split_once("bpfapps ").context("no arguments")?;
        let arguments = shell_words::split(arguments)?;
        let exit = Process::run(&mut cli(arguments.iter().map(String::as_str)))?;
        all_printed(&shown(PROCESSES, command)?, &exit.stdout)?;
    }
    Ok(())
}

fn rows_of_top_are_what_its_guide_shows() -> Result<()> {
    needs::linux("5.14", "memory in /proc for everybody")?;
    let bootstrap = App::start(&["bootstrap"])?;
    let mut top = App::start(&["top", "--interval", "0.1"])?;
    for name in [" handle_exec ", " handle_exit "] {
        shell("exit 7")?;
        top.row(|row| row.contains(name) && !row.contains(" - "))?;
    }
    let exit = top.end()?;
    bootstrap.end()?;
    all_printed(&shown(TOP, RANKED)?, &exit.stdout)
}

/// Compares the names of the machine's checks, and the complete checks of the app.
fn reports_of_doctor_are_what_its_guide_shows() -> Result<()> {
    needs::linux("5.13", "task storage")?;
    let exit = Process::run(&mut cli(["doctor", "bootstrap"]))?;
    let reduced = |line: &str| match line.get(6..32) {
        Some(name) if name.starts_with("bootstrap") => line[6..].to_owned(),
        Some(name) => name.trim_end().to_owned(),
        None => line.to_owned(),
    };
    let shown: Vec<_> = shown(DOCTOR, EXAMINED)?.into_iter().map(reduced).collect();
    let shown: Vec<_> = shown.iter().map(String::as_str).collect();
    let printed: Vec<_> = exit.stdout.iter().map(|line| reduced(line)).collect();
    all_printed(&shown, &printed)
}

fn mistakes_of_a_configuration_are_what_its_guide_shows() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let text = "procs:\n  durtion: 100\n  output: jsn\n";
    fs::write(folder.path().join("my.yaml"), text)?;
    let mut check = cli(["config", "check", "my.yaml"]);
    let exit = Process::run(check.current_dir(folder.path()))?.expect_code(1)?;
    let printed = [exit.stdout, exit.stderr].concat();
    ensure!(printed == shown(CONFIGURATION, CHECKED)?, "{printed:#?}");
    Ok(())
}

//! Completions in the shells that read them.

use std::fs;

use anyhow::{Result, ensure};
use bpfapps_testkit::{Process, Test, cli, test, type_into};

pub(crate) const TESTS: &[Test] = &[
    test!(bash_completes_apps_and_codes),
    test!(zsh_completes_apps_and_codes),
    test!(fish_completes_apps_and_codes),
];

fn bash_completes_apps_and_codes() -> Result<()> {
    completes("bash", "bpfapps() { echo \"ran: $*.\"; }")
}

fn zsh_completes_apps_and_codes() -> Result<()> {
    let load = "autoload -Uz compinit; compinit -D -u";
    completes(
        "zsh",
        &format!("{load}; bpfapps() {{ echo \"ran: $*.\"; }}"),
    )
}

fn fish_completes_apps_and_codes() -> Result<()> {
    completes("fish", "function bpfapps; echo \"ran: $argv.\"; end")
}

/// `prepare` has the shell define a `bpfapps` that shows the arguments that the keys came to.
fn completes(shell: &str, prepare: &str) -> Result<()> {
    let printed = Process::run(&mut cli(["completions", shell]))?.expect_code(0)?;
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("script");
    fs::write(&script, printed.stdout.join("\n"))?;
    let source = format!("source {}", script.display());
    let shown = type_into(
        shell,
        &[
            prepare,
            &source,
            "bpfapps doctor boo\t",
            "bpfapps schema pr\t",
            "bpfapps man mini\t",
            "bpfapps explain BPF004\t5",
            "bpfapps procs --failed-\t",
        ],
    )?;
    for expected in [
        "doctor bootstrap.",
        "schema procs.",
        "man minimal.",
        "explain BPF0045.",
        "procs --failed-only.",
    ] {
        ensure!(
            shown.contains(&format!("ran: {expected}")),
            "{expected}: {shown}"
        );
    }
    Ok(())
}

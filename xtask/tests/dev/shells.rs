//! Completions of `cargo xtask` in the shells that read them.

use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};
use bpfapps_testkit::{Process, Test, test, type_into};

pub(crate) const TESTS: &[Test] = &[
    test!(bash_completes_tasks_apps_and_kinds),
    test!(zsh_completes_tasks_apps_and_kinds),
    test!(fish_completes_tasks_apps_and_kinds),
];

fn bash_completes_tasks_apps_and_kinds() -> Result<()> {
    // cargo's own completions, in place of the real ones
    let own = "_cargo() { COMPREPLY=(build); }; complete -F _cargo cargo";
    completes("bash", &format!("{own}; cargo() {{ echo \"ran: $*.\"; }}"))
}

fn zsh_completes_tasks_apps_and_kinds() -> Result<()> {
    let own = "_cargo() { compadd build }; compdef _cargo cargo";
    let load = "autoload -Uz compinit; compinit -D -u";
    completes(
        "zsh",
        &format!("{load}; {own}; cargo() {{ echo \"ran: $*.\"; }}"),
    )
}

fn fish_completes_tasks_apps_and_kinds() -> Result<()> {
    let own = "complete -c cargo -n __fish_use_subcommand -a build";
    completes(
        "fish",
        &format!("{own}; function cargo; echo \"ran: $argv.\"; end"),
    )
}

/// `prepare` has the shell define a `cargo` that shows the arguments that the keys came to.
fn completes(shell: &str, prepare: &str) -> Result<()> {
    let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let printed = Process::run(xtask.args(["completions", shell]))?.expect_code(0)?;
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("script");
    fs::write(&script, printed.stdout.join("\n"))?;
    let source = format!("source {}", script.display());
    let shown = type_into(
        shell,
        &[
            prepare,
            &source,
            "cargo bui\t",
            "cargo xtask sho\t",
            "cargo xtask run boo\t",
            "cargo xtask dev mini\t",
            "cargo xtask show proc\t",
            "cargo xtask new --template sock\tops",
            "cargo xtask explain BPF007\t2",
        ],
    )?;
    for expected in [
        "build.",
        "xtask show.",
        "xtask run bootstrap.",
        "xtask dev minimal.",
        "xtask show procs.",
        "xtask new --template sockops.",
        "xtask explain BPF0072.",
    ] {
        ensure!(
            shown.contains(&format!("ran: {expected}")),
            "{expected}: {shown}"
        );
    }
    Ok(())
}

use std::process::Command;

use anyhow::{Result, ensure};
use bpfapps_testkit::{Process, Test, sandbox, test};

pub(crate) const TESTS: &[Test] = &[
    test!(nobody_is_an_ordinary_user),
    test!(first_process_has_its_own_proc),
    test!(root_of_a_user_namespace_is_no_root_outside),
    test!(sandboxes_fit_into_each_other),
    test!(environment_and_folder_stay),
];

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

fn shows(command: &mut Command, lines: &[&str]) -> Result<()> {
    let exit = Process::run(command)?.expect_code(0)?;
    ensure!(exit.stdout == lines, "not {lines:?}: {exit:#?}");
    Ok(())
}

fn nobody_is_an_ordinary_user() -> Result<()> {
    let script = "grep -E '^(Uid|Groups|CapEff)' /proc/self/status";
    let lines = [
        "Uid:\t65534\t65534\t65534\t65534",
        "Groups:\t ",
        "CapEff:\t0000000000000000",
    ];
    shows(&mut sandbox::as_nobody(&shell(script))?, &lines)
}

fn first_process_has_its_own_proc() -> Result<()> {
    let script = "echo $$; echo /proc/[0-9]*";
    let lines = ["1", "/proc/1"];
    shows(&mut sandbox::in_pid_namespace(&shell(script))?, &lines)?;
    Process::run(&mut sandbox::in_pid_namespace(&shell("exit 7"))?)?.expect_code(7)?;
    Ok(())
}

fn root_of_a_user_namespace_is_no_root_outside() -> Result<()> {
    let script = "id -u; cat /proc/self/uid_map; readlink /proc/self/ns/user";
    let mut command = sandbox::in_user_namespace(&shell(script))?;
    let inside = Process::run(&mut command)?.expect_code(0)?;
    let outside = Process::run(&mut shell(script))?.expect_code(0)?;
    ensure!(inside.stdout[0] == "0", "{inside:#?}");
    let words: Vec<_> = inside.stdout[1].split_whitespace().collect();
    ensure!(words == ["0", "0", "1"], "{inside:#?}");
    ensure!(inside.stdout[2] != outside.stdout[2], "{inside:#?}");
    Ok(())
}

fn sandboxes_fit_into_each_other() -> Result<()> {
    let command = sandbox::as_nobody(&shell("echo $$; id -u"))?;
    shows(&mut sandbox::in_pid_namespace(&command)?, &["1", "65534"])
}

fn environment_and_folder_stay() -> Result<()> {
    let mut command = shell("pwd; echo $ADDED; echo ${HOME-none}");
    command.current_dir("/proc").env("ADDED", "word");
    command.env_remove("HOME");
    shows(
        &mut sandbox::without_tracefs(&command)?,
        &["/proc", "word", "none"],
    )
}

//! Options from files and the environment.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use anyhow::{Result, ensure};
use bpfapps_testkit::{Process, Test, cli, needs, program, sandbox, test};

use crate::row::Row;

pub(crate) const TESTS: &[Test] = &[
    test!(option_goes_before_environment_before_file),
    test!(file_of_the_system_is_read),
];

/// Fails unless it ends so, with this line on stderr alone.
fn refused(command: &mut Command, code: i32, error: &str) -> Result<()> {
    let exit = Process::run(command)?.expect_code(code)?;
    ensure!(exit.stderr == [error], "{error}: {exit:#?}");
    Ok(())
}

fn option_goes_before_environment_before_file() -> Result<()> {
    needs::btf()?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("config.yaml");
    let text = "procs:\n  btf: /of/the/file\n  uid: [1, 2]\n  max-events: 1\n";
    fs::write(&file, text)?;
    fs::set_permissions(&file, Permissions::from_mode(0o600))?;
    // the command line may name the file, or the environment, and the app may be called by a link
    let link = folder.path().join("procs");
    symlink(program(), &link)?;
    let by_option = cli(["--config", &file.to_string_lossy(), "procs"]);
    let mut by_variable = Command::new(link);
    by_variable.env("BPFAPPS_CONFIG", &file);
    for mut command in [by_option, by_variable] {
        let error = |place| {
            format!("error: failed to read /of/the/{place}: No such file or directory (os error 2)")
        };
        refused(&mut command, 1, &error("file"))?;
        refused(
            command.env("BPFAPPS_BTF", "/of/the/environment"),
            1,
            &error("environment"),
        )?;
        refused(
            command.args(["--btf", "/of/the/option"]),
            1,
            &error("option"),
        )?;
    }

    // A repeated option on the command line replaces the configured list: of uid 1 and 2 no event
    // is seen.
    let mut command = cli(["procs", "--uid", "0", "--timeout", "20"]);
    command
        .env("BPFAPPS_CONFIG", &file)
        .env("BPFAPPS_BTF", "/sys/kernel/btf/vmlinux");
    let mut procs = Process::start(&mut command)?;
    procs.line(|line| line.starts_with("TIME"))?;
    Command::new("true").status()?;
    let exit = procs.wait()?.expect_code(0)?;
    let rows = exit.stdout.iter().filter_map(|line| Row::of(line)).count();
    ensure!(rows == 1, "max-events of the file is 1: {exit:#?}");
    Ok(())
}

fn file_of_the_system_is_read() -> Result<()> {
    let file = "/etc/bpfapps/config.yaml";
    let with = |text, args: &[&str]| {
        let command = cli([&["procs"], args].concat());
        sandbox::with_file(file, text, &command)
    };
    let error =
        format!("error: {file}:2: unexpected argument '--durtion' found (similar: '--duration')");
    refused(&mut with("procs:\n  durtion: 5\n", &[])?, 2, &error)?;
    // where another is named, it is not looked at
    let error = "error: failed to read /other: No such file or directory (os error 2)";
    refused(
        &mut with("procs:\n  durtion: 5\n", &["--config", "/other"])?,
        2,
        error,
    )?;
    let mut limited = with("procs:\n  timeout: 0.1\n", &[])?;
    Process::run(&mut limited)?.expect_code(0)?;
    Ok(())
}

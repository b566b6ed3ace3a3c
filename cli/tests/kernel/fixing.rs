use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use bpfapps_testkit::{Process, Test, cli, installed, sandbox, skip, test};

use crate::objects::File;
use crate::report::Report;

pub(crate) const TESTS: &[Test] = &[
    test!(tracefs_is_mounted_for_an_object),
    test!(setting_is_not_changed_without_a_question),
    test!(yes_answers_the_question),
    test!(rights_are_not_given_without_a_question),
    test!(healthy_machine_needs_no_mending),
];

const JIT: &str = "/proc/sys/net/core/bpf_jit_enable";

fn fixing(command: &mut Command) -> &mut Command {
    command.arg("--fix")
}

/// libbpf does not mount it; the sandbox's mounts are its own.
fn tracefs_is_mounted_for_an_object() -> Result<()> {
    let file = File::of("minimal", |bytes| bytes)?;
    let report = Report::of(&mut sandbox::without_tracefs(&file.doctor())?)?.expect_code(1)?;
    let mount = "mount -t tracefs tracefs /sys/kernel/tracing";
    report
        .check("machine", "tracefs")?
        .expect("fail", &["not mounted", mount])?;

    let mut command = file.doctor();
    let report = Report::of(&mut sandbox::without_tracefs(fixing(&mut command))?)?;
    let report = report.expect_code(0)?;
    ensure!(report.stderr == [format!("$ {mount}")], "{report:#?}");
    report
        .check("machine", "tracefs")?
        .expect("ok", &["/sys/kernel/tracing, readable"])?;
    Ok(())
}

fn setting_is_not_changed_without_a_question() -> Result<()> {
    if !Path::new(JIT).exists() {
        return skip("this kernel does not show whether it compiles BPF");
    }
    let mut command = cli(["doctor"]);
    let command = sandbox::with_file(JIT, "0\n", fixing(&mut command))?;
    let exit = Process::run(&mut { command })?.expect_code(0)?;
    let exit = exit.expect_stderr(
        "not done without --yes or a terminal to ask at: sysctl 'net.core.bpf_jit_enable=1'",
    )?;
    ensure!(exit.stderr.len() == 1, "something ran: {exit:#?}");
    Ok(())
}

fn rights_are_not_given_without_a_question() -> Result<()> {
    let (_folder, copy) = installed()?;
    let mut command = Command::new(&copy);
    fixing(command.args(["doctor", "bootstrap"]));
    let exit = Process::run(&mut sandbox::as_nobody(&command)?)?.expect_code(1)?;
    let question = "not done without --yes or a terminal to ask at: sudo chgrp ";
    let exit = exit.expect_stderr(question)?;
    ensure!(
        !exit.stderr.iter().any(|line| line.starts_with('$')),
        "something ran: {exit:#?}"
    );
    Ok(())
}

/// A file of the sandbox takes the place of the setting, and receives what sysctl(8) writes.
fn yes_answers_the_question() -> Result<()> {
    if !Path::new(JIT).exists() {
        return skip("this kernel does not show whether it compiles BPF");
    }
    if Command::new("sysctl").arg("net").output().is_err() {
        return skip("there is no sysctl(8) here");
    }
    let mut command = cli(["doctor", "--yes"]);
    let command = sandbox::with_file(JIT, "0\n", fixing(&mut command))?;
    let exit = Process::run(&mut { command })?.expect_code(0)?;
    ensure!(
        exit.stderr == ["$ sysctl 'net.core.bpf_jit_enable=1'"],
        "{exit:#?}"
    );
    Ok(())
}

fn healthy_machine_needs_no_mending() -> Result<()> {
    let exit = Process::run(fixing(&mut cli(["doctor"])))?.expect_code(0)?;
    exit.expect_stderr("there is nothing that --fix could fix")?;
    Ok(())
}

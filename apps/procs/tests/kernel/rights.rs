//! On machines and with rights of every kind.

use std::fs;
use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail, ensure};
use bpfapps_core::Capability::{self, CAP_BPF, CAP_PERFMON};
use bpfapps_core::host::Release;
use bpfapps_core::host::settings::MEMLOCK_FREE_SINCE;
use bpfapps_testkit::{
    Process, Terminal, Test, cli, fixture, lending, needs, own_path, sandbox, test, while_testing,
};
use nix::sys::signal::Signal;

use crate::row::{ready, row, start};

pub(crate) const TESTS: &[Test] = &[
    test!(works_without_tracefs),
    test!(without_btf_it_says_so),
    test!(btf_of_a_file_will_do),
    test!(what_is_no_btf_is_refused),
    test!(each_missing_capability_is_named),
    test!(file_capabilities_are_enough),
    test!(types_of_the_caller_do_not_count),
    test!(privileges_are_given_up),
    test!(account_is_that_of_who_called_sudo),
    test!(command_of_roots_can_still_be_signalled),
    test!(command_of_others_does_not_type_for_root),
];

/// `procs` of that place, as an ordinary user.
fn as_nobody(path: &PathBuf) -> Result<Command> {
    let mut command = Command::new(path);
    sandbox::as_nobody(command.arg("procs"))
}

/// Fails unless a procs traces a process.
fn traces(command: &mut Command) -> Result<()> {
    let mut procs = ready(command)?;
    let mut child = Command::new("sh").args(["-c", "exit 4"]).spawn()?;
    child.wait()?;
    let exec = row(&mut procs, |row| row.pid == child.id())?;
    ensure!(exec.event == "EXEC" && exec.comm == "sh", "{exec:?}");
    let exit = row(&mut procs, |row| row.pid == child.id())?;
    ensure!(
        exit.event == "EXIT" && exit.rest.starts_with("[4] ("),
        "{exit:?}"
    );
    procs.signal(Signal::SIGTERM)?;
    procs.wait()?.expect_code(0)?;
    Ok(())
}

fn works_without_tracefs() -> Result<()> {
    traces(&mut sandbox::without_tracefs(&cli(["procs"]))?)
}

fn file_capabilities_are_enough() -> Result<()> {
    let (_folder, path) = lending(&[CAP_PERFMON, CAP_BPF])?;
    let mut command = as_nobody(&path)?;
    if Release::running()?.is_at_least(MEMLOCK_FREE_SINCE) {
        return traces(&mut command);
    }
    // there the ordinary user's limit is in the way, which only root can raise
    Process::run(&mut command)?
        .expect_code(1)?
        .expect_stderr(" of BPF maps: this is Linux 5.")?
        .expect_stderr("hint: run it with sudo, or raise the limit as root")?;
    Ok(())
}

fn privileges_are_given_up() -> Result<()> {
    start(&[])?.expect_no_privileges()
}

fn account_is_that_of_who_called_sudo() -> Result<()> {
    let mut command = cli(["procs"]);
    for (name, value) in [("USER", "carol"), ("UID", "4242"), ("GID", "4242")] {
        command.env(format!("SUDO_{name}"), value);
    }
    let users = "root:x:0:0::/:/bin/sh\ncarol:x:4242:4242::/:/bin/sh\n";
    let command = sandbox::with_file("/etc/passwd", users, &command)?;
    ready(&mut { command })?.expect_privileges("0000000000000000", 4242)
}

/// With CAP_KILL, which is all that is left: the command is still root's.
fn command_of_roots_can_still_be_signalled() -> Result<()> {
    let script = format!("trap 'exit 3' TERM; {}", while_testing("sleep 0.01"));
    let mut procs = ready(&mut cli(["procs", "--", "sh", "-c", &script]))?;
    row(&mut procs, |row| row.comm == "sleep")?;
    procs.expect_privileges("0000000000000020", 65534)?;
    procs.signal(Signal::SIGTERM)?;
    procs.wait()?.expect_code(3)?;
    Ok(())
}

/// A later user of the terminal would run what the command has typed.
fn command_of_others_does_not_type_for_root() -> Result<()> {
    let (folder, program) = lending(&[])?;
    let types = folder.path().join("types");
    fs::copy(own_path()?, &types)?;
    let typing = |sudo: bool| -> Result<String> {
        let mut command = fixture("on_terminal")?;
        command.arg("type_in").arg(&program);
        command.args(["procs", "--comm", "none", "--"]).arg(&types);
        for (name, value) in [("USER", "nobody"), ("UID", "65534"), ("GID", "65534")] {
            if sudo {
                command.env(format!("SUDO_{name}"), value);
            }
        }
        let mut run = Process::start_on(&Terminal::new(80)?, &mut command)?;
        let line = run.line(|line| line.contains("typing: "))?;
        run.wait()?.expect_code(0)?;
        Ok(line)
    };
    ensure!(typing(true)?.ends_with("typing: Err(EPERM)"));
    // root of the machine may type, unless the kernel forbids it to all
    let own = typing(false)?;
    let allowed = own.ends_with("typing: Ok(())") || own.ends_with("typing: Err(EIO)");
    ensure!(allowed, "{own}");
    Ok(())
}

fn each_missing_capability_is_named() -> Result<()> {
    let cases: [(&[Capability], &str); 3] = [
        (&[], "error[BPF0045]: missing CAP_BPF and CAP_PERFMON"),
        (&[CAP_BPF], "error[BPF0045]: missing CAP_PERFMON"),
        (&[CAP_PERFMON], "error[BPF0045]: missing CAP_BPF"),
    ];
    for (held, error) in cases {
        let (_folder, path) = lending(held)?;
        let exit = Process::run(&mut as_nobody(&path)?)?.expect_code(1)?;
        let [first, hint, more] = exit.stderr.as_slice() else {
            bail!("{exit:#?}");
        };
        ensure!(first == error, "{exit:#?}");
        let page = format!("more: {} explain BPF0045", path.display());
        ensure!(*more == page, "{exit:#?}");
        let setcap = format!("&& sudo setcap cap_bpf,cap_perfmon+ep {}", path.display());
        ensure!(
            hint.starts_with("hint: run it with sudo, or lend it to the group "),
            "{hint}"
        );
        ensure!(hint.ends_with(&setcap), "{hint}");
        ensure!(exit.stdout.is_empty(), "{exit:#?}");
    }
    Ok(())
}

fn without_btf_it_says_so() -> Result<()> {
    needs::btf()?;
    let exit = Process::run(&mut sandbox::without_btf(&cli(["procs"]))?)?;
    exit.expect_code(1)?
        .expect_stderr(
            "error[BPF0060]: this kernel has no BTF: /sys/kernel/btf/vmlinux is missing",
        )?
        .expect_stderr("--btf FILE")?;
    Ok(())
}

fn btf_of_a_file_will_do() -> Result<()> {
    needs::btf()?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("vmlinux.btf");
    fs::copy("/sys/kernel/btf/vmlinux", &file)?;
    let file = file.to_string_lossy();
    traces(&mut sandbox::without_btf(&cli(["procs", "--btf", &file]))?)
}

/// They would decide what its programs read of the kernel.
fn types_of_the_caller_do_not_count() -> Result<()> {
    needs::btf()?;
    let (folder, path) = lending(&[CAP_PERFMON, CAP_BPF])?;
    let file = folder.path().join("vmlinux.btf");
    fs::copy("/sys/kernel/btf/vmlinux", &file)?;
    chown(&file, Some(65534), None)?;
    let mut command = Command::new(&path);
    command
        .args(["procs", "--timeout", "1", "--btf"])
        .arg(&file);
    let beside = Process::run(&mut sandbox::as_nobody(&command)?)?;
    beside.expect_stderr("--btf is ignored: this kernel has BTF of its own")?;

    let alone = sandbox::without_btf(&sandbox::as_nobody(&command)?)?;
    let alone = Process::run(&mut { alone })?.expect_code(1)?;
    let reason = format!("error: {} is the user 65534's", file.display());
    alone.expect_stderr(&reason)?;
    Ok(())
}

fn what_is_no_btf_is_refused() -> Result<()> {
    for (file, lines, reason) in [
        (
            "/etc/passwd",
            3,
            "error[BPF0062]: /etc/passwd is neither a BTF file",
        ),
        ("/nonexistent", 1, "No such file"),
    ] {
        let exit = Process::run(&mut cli(["procs", "--btf", file]))?.expect_code(1)?;
        ensure!(exit.stderr.len() == lines, "{exit:#?}");
        exit.expect_stderr(file)?.expect_stderr(reason)?;
    }
    Ok(())
}

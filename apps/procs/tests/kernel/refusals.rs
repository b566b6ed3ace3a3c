//! Causes of refusals that the kernel reports as a bare number.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::sandbox::{Call, in_user_namespace, refusing, with_file};
use bpfapps_testkit::{Process, Test, cli, needs, program, test};
use nix::errno::Errno;
use nix::libc;

pub(crate) const TESTS: &[Test] = &[
    test!(lockdown_is_named),
    test!(missing_ring_buffer_is_named),
    test!(old_kernel_is_named),
    test!(user_namespace_is_named_in_one_line),
];

const BPF_MAP_CREATE: u64 = 0;
const BPF_PROG_LOAD: u64 = 5;

/// A procs to which the kernel refuses one command of bpf(2).
fn refused(command: u64, errno: Errno) -> Result<Command> {
    let call = Call {
        number: libc::SYS_bpf,
        argument: 0,
        value: command,
    };
    refusing(call, errno, &cli(["procs"]))
}

/// Fails unless stderr ends with lines that start like these, after libbpf's.
fn says(command: &mut Command, error: &str, hint: &str) -> Result<()> {
    let exit = Process::run(command)?.expect_code(1)?;
    let mut lines = exit.stderr.iter();
    let error_at = lines.position(|line| line.starts_with("error"));
    let [said, fix, ..] = &exit.stderr[error_at.context("no error")?..] else {
        return Err(anyhow::anyhow!("no hint: {exit:#?}"));
    };
    let (_, message) = said.split_once(": ").context("no message")?;
    ensure!(
        message.starts_with(&format!("{error}: failed to load BPF object: ")),
        "{exit:#?}"
    );
    ensure!(fix.starts_with(&format!("hint: {hint}")), "{exit:#?}");
    Ok(())
}

fn lockdown_is_named() -> Result<()> {
    let with = |lockdown| {
        let refused = refused(BPF_PROG_LOAD, Errno::EPERM)?;
        with_file("/sys/kernel/security/lockdown", lockdown, &refused)
    };
    says(
        &mut with("none integrity [confidentiality]\n")?,
        "kernel lockdown forbids reading kernel memory, also from BPF",
        "boot without lockdown=confidentiality",
    )?;
    let exit = Process::run(&mut with("none integrity [confidentiality]\n")?)?;
    exit.expect_stderr("error[BPF0047]: ")?;
    // this one does not keep it from anything
    let exit = Process::run(&mut with("none [integrity] confidentiality\n")?)?.expect_code(1)?;
    let error = exit.stderr.last().context("nothing is said")?;
    ensure!(
        error.starts_with("error: failed to load BPF object: "),
        "{exit:#?}"
    );
    Ok(())
}

fn missing_ring_buffer_is_named() -> Result<()> {
    says(
        &mut refused(BPF_MAP_CREATE, Errno::EINVAL)?,
        "this kernel has no BPF ring buffer",
        "use Linux 5.8 or newer: this is Linux ",
    )
}

fn old_kernel_is_named() -> Result<()> {
    // a bundle is not for such a release
    needs::btf()?;
    let release = "/proc/sys/kernel/osrelease";
    says(
        &mut with_file(release, "5.6.0\n", &refused(BPF_PROG_LOAD, Errno::EINVAL)?)?,
        "Linux 5.6 is too old",
        "use Linux 5.8 or newer",
    )
}

fn user_namespace_is_named_in_one_line() -> Result<()> {
    let exit = Process::run(&mut in_user_namespace(&cli(["procs"]))?)?.expect_code(1)?;
    // unshare(1) calls it by its path
    let more = format!("more: {} explain BPF0045", program().display());
    let expected = [
        "error[BPF0045]: this is a user namespace, whose capabilities do not count for BPF: failed \
         to load BPF object: Operation not permitted (os error 1)",
        "hint: run it as root on the host, or in a container without its own user namespace",
        &more,
    ];
    ensure!(exit.stderr == expected, "{exit:#?}");
    Ok(())
}

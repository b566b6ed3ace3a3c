//! What can't be done is one clear line, before anything is sampled.

use std::fs;

use anyhow::{Context as _, Result};
use bpfapps_testkit::loaded::{loaded, nothing_left};
use bpfapps_testkit::sandbox::{Call, refusing};
use bpfapps_testkit::{Process, Test, cli, fixture, refuses, test};
use nix::errno::Errno;
use nix::libc::SYS_perf_event_open;

pub(crate) const TESTS: &[Test] = &[
    test!(impossible_values_are_refused),
    test!(rate_that_the_kernel_does_not_allow_is_named),
    test!(process_that_does_not_exist_is_named),
    test!(what_is_no_earlier_run_is_named),
    test!(machine_without_perf_events_is_explained),
];

fn impossible_values_are_refused() -> Result<()> {
    let values = [
        ["--hz", "0"],
        ["--hz", "-1"],
        ["--hz", "often"],
        ["--pid", "0"],
        ["--pid", "-1"],
        ["--timeout", "0"],
        ["--output", "png"],
    ];
    refuses(&["profile"], &values)
}

fn rate_that_the_kernel_does_not_allow_is_named() -> Result<()> {
    let most = fs::read_to_string("/proc/sys/kernel/perf_event_max_sample_rate")?;
    let most = most.trim();
    let before = loaded();
    Process::run(&mut cli(["profile", "--hz", "1000000000"]))?
        .expect_code(1)?
        .expect_stderr(&format!(
            "error: --hz 1000000000 is more than this kernel allows, which is {most}"
        ))?
        .expect_stderr(&format!("hint: take --hz {most}, or allow more: sysctl "))?;
    nothing_left(&before)
}

fn process_that_does_not_exist_is_named() -> Result<()> {
    let before = loaded();
    let gone = Process::run(fixture("split")?.arg("0"))?.pid.to_string();
    Process::run(&mut cli(["profile", "--pid", &gone]))?
        .expect_code(1)?
        .expect_stderr(&format!("error: there is no process {gone}"))?;
    nothing_left(&before)
}

fn what_is_no_earlier_run_is_named() -> Result<()> {
    let file = tempfile::NamedTempFile::new()?;
    let name = file.path().to_str().context("UTF-8")?;
    for text in ["", "not a stack\n", "a;b 1\na;b\n"] {
        fs::write(&file, text)?;
        Process::run(&mut cli(["profile", "--compare", name]))?
            .expect_code(1)?
            .expect_stderr(&format!("error: {name} has no folded stacks"))?;
    }
    let nowhere = ["profile", "--compare", "/nonexistent"];
    Process::run(&mut cli(nowhere))?
        .expect_code(1)?
        .expect_stderr("error: failed to read /nonexistent: No such file or directory")?;
    let pprof = ["profile", "-o", "pprof", "--compare", name];
    Process::run(&mut cli(pprof))?
        .expect_code(1)?
        .expect_stderr("error: --compare makes no pprof file")?;
    Ok(())
}

fn machine_without_perf_events_is_explained() -> Result<()> {
    // its flag PERF_FLAG_FD_CLOEXEC
    let call = Call {
        number: SYS_perf_event_open,
        argument: 4,
        value: 8,
    };
    let before = loaded();
    for errno in [Errno::EPERM, Errno::EACCES, Errno::ENOSYS] {
        let exit = Process::run(&mut refusing(call, errno, &cli(["profile"]))?)?;
        let exit = exit.expect_code(1)?;
        anyhow::ensure!(
            exit.stdout.is_empty() && exit.stderr.len() <= 4,
            "{exit:#?}"
        );
        exit.expect_stderr("failed to attach handle_sample to ")?
            .expect_stderr(errno.desc())?;
    }
    nothing_left(&before)
}

//! Attempts by other users, and by odd starts, to gain something from procs.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use bpfapps_core::Capability::{CAP_BPF, CAP_PERFMON};
use bpfapps_core::host::Release;
use bpfapps_core::host::settings::MEMLOCK_FREE_SINCE;
use bpfapps_testkit::{
    Fixture, Process, Test, cli, fixture, installed, lending, needs, own_path, sandbox, skip, test,
};
use libbpf_rs::MapHandle;
use libbpf_rs::query::MapInfoIter;
use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::unistd::Pid;

use crate::row::ready;

pub(crate) const TESTS: &[Test] = &[
    test!(other_process_of_the_user_does_not_look_into_it),
    test!(closed_streams_are_no_files_of_others),
    test!(few_descriptors_are_an_error),
    test!(loader_takes_no_library_of_the_caller),
    test!(command_has_no_descriptor_and_no_capability),
    test!(map_of_the_reader_stays_writable),
];

pub(crate) const FIXTURES: &[Fixture] = &[fixture!(peek)];

/// Tries every way to look into a process, and prints the ways that work.
fn peek(args: &[String]) -> Result<()> {
    let pid: i32 = args.first().context("a process")?.parse()?;
    let proc = Path::new("/proc").join(pid.to_string());
    let mut ways = Vec::new();
    for name in ["mem", "maps", "environ"] {
        // some are opened, and then do not let themselves be read
        let read = File::open(proc.join(name)).and_then(|mut file| {
            let mut byte = [0];
            io::Read::read(&mut file, &mut byte)
        });
        if read.is_ok_and(|length| length > 0) {
            ways.push(name);
        }
    }
    if fs::read_dir(proc.join("fd")).is_ok() {
        ways.push("fd");
    }
    if ptrace::seize(Pid::from_raw(pid), Options::empty()).is_ok() {
        ways.push("ptrace");
    }
    // SAFETY: the calls take numbers.
    #[allow(unsafe_code, reason = "nix has no call for it")]
    let taken = unsafe {
        let process = libc::syscall(libc::SYS_pidfd_open, pid, 0);
        libc::syscall(libc::SYS_pidfd_getfd, process, 1, 0)
    };
    if Errno::result(taken).is_ok() {
        ways.push("pidfd_getfd");
    }
    writeln!(io::stdout(), "ways: {ways:?}")?;
    Ok(())
}

/// Tested with lent capabilities, and with root that continues as that user.
fn other_process_of_the_user_does_not_look_into_it() -> Result<()> {
    let (folder, program) = lending(&[CAP_PERFMON, CAP_BPF])?;
    let peek = folder.path().join("peek");
    fs::copy(own_path()?, &peek)?;
    let ways = |pid: u32| -> Result<String> {
        let mut command = Command::new(&peek);
        command.env("BPFAPPS_FIXTURE", "peek").arg(pid.to_string());
        let exit = Process::run(&mut sandbox::as_nobody(&command)?)?;
        Ok(exit.expect_code(0)?.stdout.concat())
    };
    let mut own = Command::new("sleep");
    let own = Process::start(&mut sandbox::as_nobody(own.arg("60"))?)?;
    own.wait_for_state('S')?;
    let all = ways(own.pid())?;
    ensure!(
        all.contains("environ") && all.contains("ptrace"),
        "nothing is seen of others: {all}"
    );

    let mut commands = vec![cli(["procs"])];
    // before, the memlock limit of an unprivileged user prevents it
    if Release::running()?.is_at_least(MEMLOCK_FREE_SINCE) {
        let mut lent = Command::new(&program);
        commands.push(sandbox::as_nobody(lent.arg("procs"))?);
    }
    for command in commands {
        let procs = ready(&mut { command })?;
        let ways = ways(procs.pid())?;
        ensure!(ways == "ways: []", "{ways}");
        // it leaves no core dump either: then it is not root's
        let owner = fs::metadata(format!("/proc/{}/environ", procs.pid()))?.uid();
        ensure!(owner == 0, "its memory is the user {owner}'s");
    }
    Ok(())
}

/// Its own files never take the place of closed streams.
fn closed_streams_are_no_files_of_others() -> Result<()> {
    for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
        let mut command = Command::new("sh");
        let script = format!(r#"exec "$0" procs --timeout 0.2 {closed}"#);
        command.args(["-c", &script]).arg(cli([]).get_program());
        Process::run(&mut command)?
            .expect_code(0)?
            .expect_no_stderr()?;
    }
    Ok(())
}

fn few_descriptors_are_an_error() -> Result<()> {
    let mut codes = BTreeSet::new();
    for limit in 5..=24 {
        let mut command = Command::new("sh");
        let script = format!(r#"ulimit -n {limit}; exec "$0" procs --timeout 0.1"#);
        command.args(["-c", &script]).arg(cli([]).get_program());
        let exit = Process::run(&mut command)?;
        ensure!(matches!(exit.code, Some(0 | 1)), "{limit}: {exit:#?}");
        let is_told = exit.stderr.iter().any(|line| line.starts_with("error"));
        ensure!(is_told == (exit.code == Some(1)), "{limit}: {exit:#?}");
        codes.insert(exit.code);
    }
    ensure!(codes.contains(&Some(1)), "all went well");
    Ok(())
}

fn loader_takes_no_library_of_the_caller() -> Result<()> {
    let listed = |program: &Path| {
        let mut command = Command::new(program);
        let mut command = sandbox::as_nobody(command.arg("list"))?;
        Process::run(command.env("LD_PRELOAD", "/nonexistent/library.so"))
    };
    let (_own, plain) = installed()?;
    if listed(&plain)?
        .stderr
        .iter()
        .all(|line| !line.contains("library.so"))
    {
        return skip("the program is linked statically: it has no loader");
    }
    let (_folder, lent) = lending(&[CAP_PERFMON, CAP_BPF])?;
    let exit = listed(&lent)?.expect_code(0)?;
    ensure!(
        !exit.stderr.concat().contains("library.so") || exit.stderr.concat().contains("ignored"),
        "{exit:#?}"
    );
    Ok(())
}

fn command_has_no_descriptor_and_no_capability() -> Result<()> {
    needs::linux("5.11", "maps that no limit keeps out")?;
    const SCRIPT: &str = "ls /proc/$$/fd; grep -E '^Cap(Inh|Prm|Eff|Amb)' /proc/$$/status";
    let (_folder, program) = lending(&[CAP_PERFMON, CAP_BPF])?;
    let words = |command: &mut Command| -> Result<Vec<String>> {
        let command = sandbox::as_nobody(command.args(["-c", SCRIPT]))?;
        let exit = Process::run(&mut { command })?.expect_code(0)?;
        let is_said = |line: &String| line.starts_with("Cap") || line.parse::<u32>().is_ok();
        Ok(exit.stdout.into_iter().filter(is_said).collect())
    };
    // the test itself may have inherited open files
    let alone = words(&mut Command::new("sh"))?;
    let mut traced = Command::new(&program);
    let traced = words(traced.args(["procs", "--comm", "none", "--", "sh"]))?;
    ensure!(traced == alone, "{traced:?}, and alone {alone:?}");
    Ok(())
}

/// Read-only, it could not tell the BPF side that the reader sleeps.
fn map_of_the_reader_stays_writable() -> Result<()> {
    let mut procs = ready(&mut cli(["procs"]))?;
    let newest = MapInfoIter::default()
        .filter(|map| map.name == "reader")
        .last();
    let map = MapHandle::from_map_id(newest.context("no map `reader`")?.id)?;
    ensure!(map.freeze().is_err(), "it is frozen");
    Command::new("true").status()?;
    procs.line(|line| line.contains("EXEC"))?;
    Ok(())
}

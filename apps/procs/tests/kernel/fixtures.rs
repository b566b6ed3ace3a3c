//! The programs that the tests trace.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bpfapps_testkit::{Fixture, fixture};
use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::libc;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::prctl::{set_name, set_pdeathsig};
use nix::sys::signal::Signal;
use nix::sys::wait::waitpid;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{ForkResult, Pid, execve, execveat, fexecve, fork, setsid};

use crate::shared::exit_thread;

pub(crate) const FIXTURES: &[Fixture] = &[
    fixture!(threads_exit_together),
    fixture!(fork_many),
    fixture!(fork_now_and_then),
    fixture!(fork_pairs),
    fixture!(kill_many),
    fixture!(exec_memfd),
    fixture!(exec_at),
    fixture!(exec_without_args),
    fixture!(exec_in_vain),
    fixture!(use_up),
    fixture!(fork_on_a_line),
    fixture!(on_terminal),
    fixture!(type_in),
];

/// Becomes a command in a session of its own, whose terminal stdout is; a fixture in it is the next.
fn on_terminal(args: &[String]) -> Result<()> {
    let [fixture, program, args @ ..] = args else {
        bail!("a fixture and a program")
    };
    setsid()?;
    let terminal = fs::read_link("/proc/self/fd/1")?;
    let terminal = File::options().read(true).write(true).open(terminal)?;
    let mut command = Command::new(program);
    command.env("BPFAPPS_FIXTURE", fixture).args(args);
    Err(command.stdin(terminal).exec().into())
}

/// Types into its terminal, and says what came of it.
fn type_in(_: &[String]) -> Result<()> {
    // SAFETY: it reads one byte.
    let result = unsafe { libc::ioctl(0, libc::TIOCSTI, b"#".as_ptr()) };
    writeln!(
        io::stdout(),
        "typing: {:?}",
        Errno::result(result).map(drop)
    )?;
    Ok(())
}

/// The last threads of the process leave at the same moment, each by itself.
pub(crate) fn threads_exit_together(_: &[String]) -> Result<()> {
    const THREADS: usize = 4;
    let barrier = Arc::new(Barrier::new(THREADS));
    for _ in 1..THREADS {
        let barrier = Arc::clone(&barrier);
        thread::spawn(move || {
            barrier.wait();
            exit_thread()
        });
    }
    barrier.wait();
    exit_thread()
}

/// Takes the name in the first argument, by which procs then filters.
fn take_name(args: &[String]) -> Result<&[String]> {
    let (name, args) = args.split_first().context("a name")?;
    set_name(&CString::new(name.as_str())?)?;
    Ok(args)
}

fn count(args: &[String]) -> Result<usize> {
    args.first()
        .context("how many")?
        .parse()
        .context("a number")
}

/// Forks a child that does `work` and leaves.
fn fork_child(work: impl FnOnce()) -> Result<Pid> {
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            work();
            // SAFETY: leaves without a look at anything that the parent shares.
            unsafe { libc::_exit(0) }
        }
        ForkResult::Parent { child } => Ok(child),
    }
}

/// Starts children one after another and waits for each: name, number.
pub(crate) fn fork_many(args: &[String]) -> Result<()> {
    // a storm without an end must not outlive a test that is killed
    set_pdeathsig(Signal::SIGKILL)?;
    for _ in 0..count(take_name(args)?)? {
        waitpid(fork_child(|| {})?, None)?;
    }
    Ok(())
}

/// Starts children at intervals and waits for each: name, number.
pub(crate) fn fork_now_and_then(args: &[String]) -> Result<()> {
    let times = count(take_name(args)?)?;
    for time in 0..times {
        waitpid(fork_child(|| {})?, None)?;
        // the test answers with a line
        io::stdin().read_line(&mut String::new())?;
        thread::sleep(Duration::from_micros(30_000 * time as u64 / times as u64));
    }
    Ok(())
}

/// Starts children whose two threads exit at the same moment, and waits for them: name, number.
pub(crate) fn fork_pairs(args: &[String]) -> Result<()> {
    for _ in 0..count(take_name(args)?)? {
        let pair = || {
            let barrier = Arc::new(Barrier::new(2));
            let other = Arc::clone(&barrier);
            thread::spawn(move || {
                other.wait();
                exit_thread()
            });
            barrier.wait();
            exit_thread()
        };
        waitpid(fork_child(pair)?, None)?;
    }
    Ok(())
}

/// The programs of [`kill_many`]; others sleep, too.
pub(crate) const TO_DIE: &str = "sleeps-to-die";

/// Starts programs that stay, and kills them all at once: number.
pub(crate) fn kill_many(args: &[String]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let program = folder.path().join(TO_DIE);
    symlink("/bin/sleep", &program)?;
    let mut children = Vec::new();
    for _ in 0..count(args)? {
        // busybox selects its program by the name it is called by
        let mut child = Command::new(&program);
        children.push(child.arg0("sleep").arg("1000").spawn()?);
        if children.len() % 500 == 0 {
            // tells the test that it has continued
            writeln!(io::stdout(), "{}", children.len())?;
        }
    }
    for child in &mut children {
        child.kill()?;
    }
    for mut child in children {
        child.wait()?;
    }
    Ok(())
}

/// Becomes a program that exists in memory only.
pub(crate) fn exec_memfd(_: &[String]) -> Result<()> {
    let file = memfd_create(c"payload", MFdFlags::empty())?;
    let mut memory = File::from(file);
    io::copy(&mut File::open("/bin/true")?, &mut memory)?;
    fexecve(&memory, &[c"payload"], &[] as &[&CString])?;
    Ok(())
}

/// Becomes a program that is given by its folder and its name there.
pub(crate) fn exec_at(_: &[String]) -> Result<()> {
    let folder = File::open("/bin")?;
    execveat(
        &folder,
        c"true",
        &[c"true"],
        &[] as &[&CString],
        AtFlags::empty(),
    )?;
    Ok(())
}

/// Becomes a program without a single argument, its own name included.
pub(crate) fn exec_without_args(_: &[String]) -> Result<()> {
    execve(c"/bin/true", &[] as &[&CString], &[] as &[&CString])?;
    Ok(())
}

/// Calls exec for each path in the arguments, which is to fail each time.
pub(crate) fn exec_in_vain(args: &[String]) -> Result<()> {
    for path in args {
        let path = CString::new(path.as_str())?;
        if execve(&path, &[&path], &[] as &[&CString]).is_ok() {
            bail!("{path:?} was run");
        }
    }
    Ok(())
}

/// Uses this much CPU time in milliseconds and memory in MiB, half of each in a thread.
pub(crate) fn use_up(args: &[String]) -> Result<()> {
    let half = Duration::from_millis(count(args)? as u64 / 2);
    let memory = count(&args[1..])? << 20;
    let used = || clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Duration::from);
    let burn = move || -> Result<Vec<u8>> {
        let held = vec![1_u8; memory / 2];
        let end = used()? + half;
        while used()? < end {
            std::hint::black_box(&held);
        }
        Ok(held)
    };
    let held = thread::spawn(burn).join();
    burn()?;
    drop(held);
    Ok(())
}

/// Waits for a line on stdin, then forks a child that runs a shell which ends with 4.
pub(crate) fn fork_on_a_line(_: &[String]) -> Result<()> {
    io::stdin().read_line(&mut String::new())?;
    Command::new("sh").args(["-c", "true; exit 4"]).status()?;
    Ok(())
}

/// The resources of a process as wait4(2) reports them: times in ns, memory in bytes.
#[derive(Debug)]
pub(crate) struct Usage {
    pub(crate) user: u64,
    pub(crate) system: u64,
    pub(crate) peak: u64,
}

impl Usage {
    /// Waits for a child; the standard library does not return its resources.
    pub(crate) fn of(child: Child) -> Result<Self> {
        let pid = child.id().try_into()?;
        // SAFETY: all zeros are a struct rusage.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: the child is ours, and `usage` is valid for writes.
        let waited = unsafe { libc::wait4(pid, std::ptr::null_mut(), 0, &raw mut usage) };
        ensure!(waited == pid, "failed to wait for {pid}");
        let ns = |time: libc::timeval| time.tv_sec * 1_000_000_000 + time.tv_usec * 1000;
        Ok(Self {
            user: ns(usage.ru_utime).try_into()?,
            system: ns(usage.ru_stime).try_into()?,
            peak: u64::try_from(usage.ru_maxrss)? * 1024,
        })
    }
}

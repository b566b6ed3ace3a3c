//! What the tests count, and how they read it.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::thread;

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{App, Fixture, Process, fixture};
use nix::libc;
use nix::sys::prctl::set_name;
use nix::unistd::{Pid, getsid};
use serde_json::Value;

pub(crate) const FIXTURES: &[Fixture] = &[fixture!(calls), fixture!(names), fixture!(handles)];

/// A system call that hardly any other program uses.
pub(crate) const CALL: &str = "getsid";

pub(crate) const THREADS: u64 = 8;

/// Calls it so often in each of [`THREADS`] threads, and once more in vain.
fn calls(args: &[String]) -> Result<()> {
    let times: u64 = args.first().context("how often")?.parse()?;
    let all = (0..THREADS)
        .map(|_| thread::spawn(move || (0..times).try_for_each(|_| getsid(None).map(|_| ()))));
    for one in all.collect::<Vec<_>>() {
        one.join().ok().context("a thread has panicked")??;
    }
    ensure!(
        getsid(Some(Pid::from_raw(i32::MAX))).is_err(),
        "there is such a process"
    );
    Ok(())
}

/// Handles a signal, which ends with a system call that returns nowhere.
fn handles(_: &[String]) -> Result<()> {
    extern "C" fn handle(_: libc::c_int) {}

    // SAFETY: the handler does nothing.
    unsafe { libc::signal(libc::SIGUSR1, handle as *const () as libc::sighandler_t) };
    // SAFETY: there is a handler.
    unsafe { libc::raise(libc::SIGUSR1) };
    Ok(())
}

/// Makes as many calls, each under another name.
fn names(args: &[String]) -> Result<()> {
    let times: u64 = args.first().context("how often")?.parse()?;
    for time in 0..times {
        set_name(&CString::new(format!("name{time}"))?)?;
        getsid(None)?;
    }
    Ok(())
}

pub(crate) fn provoke(times: u64) -> Result<u32> {
    let mut command = fixture("calls")?;
    Ok(Process::run(command.arg(times.to_string()))?
        .expect_code(0)?
        .pid)
}

pub(crate) fn counts(app: App) -> Result<Vec<Value>> {
    Ok(counts_and_skipped(app)?.0)
}

/// The counts, and the number of runs that the kernel has skipped: since about Linux 7 a program may
/// be preempted, and is then skipped for another process on that CPU.
pub(crate) fn counts_and_skipped(app: App) -> Result<(Vec<Value>, u64)> {
    let mut documents = app.documents()?;
    let lost = documents
        .iter()
        .filter(|document| document["type"] == "lost");
    ensure!(
        lost.clone().all(|lost| lost["stage"] == "program"),
        "{documents:#?}"
    );
    let skipped = lost.filter_map(|lost| lost["count"].as_u64()).sum();
    documents.retain(|document| document["type"] == "syscalls");
    Ok((documents, skipped))
}

/// True if `counted` and what was skipped are as many as there were.
pub(crate) fn are_all(counted: u64, skipped: u64, expected: u64) -> bool {
    counted <= expected && counted + skipped >= expected
}

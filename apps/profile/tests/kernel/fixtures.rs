//! Programs that are sampled.
#![allow(unsafe_code, reason = "functions under names that can be looked up")]

use std::ffi::CString;
use std::hint::black_box;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bpfapps_testkit::cgroup::enter;
use bpfapps_testkit::{Fixture, Process, cli, fixture, many};
use nix::sys::prctl::set_name;
use nix::time::{ClockId, clock_gettime};

pub(crate) const FIXTURES: &[Fixture] = &[
    fixture!(split),
    fixture!(split_in_cgroup),
    fixture!(other),
    fixture!(rename),
    fixture!(without_frames),
];

/// Much longer than the time between samples, which else might keep step with it.
const TURN: Duration = Duration::from_millis(10);

/// Where the fixture `split` spends 70 % of its time.
// SAFETY: nothing else here has that name.
#[unsafe(no_mangle)]
extern "C" fn spins_seventy(mut rounds: u64) -> u64 {
    while rounds > 0 {
        rounds -= 1;
    }
    rounds
}

/// Where it spends 30 %.
// SAFETY: nothing else here has that name.
#[unsafe(no_mangle)]
extern "C" fn spins_thirty(mut rounds: u64) -> u64 {
    while rounds > 0 {
        rounds -= 1;
    }
    rounds
}

/// Where the fixture `other` spends its time.
// SAFETY: nothing else here has that name.
#[unsafe(no_mangle)]
extern "C" fn spins_otherwise(mut rounds: u64) -> u64 {
    while rounds > 0 {
        rounds -= 1;
    }
    rounds
}

fn cpu_time() -> Result<Duration> {
    let time = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID);
    time.map(Duration::from).context("failed to read a clock")
}

/// Calls `work` for that many seconds of CPU time, or until it is killed.
fn spend(seconds: Option<&String>, mut work: impl FnMut() -> Result<()>) -> Result<()> {
    let seconds = seconds.map_or(Ok(f64::MAX), |text| text.parse())?;
    while cpu_time()?.as_secs_f64() < seconds {
        work()?;
    }
    Ok(())
}

/// Spends its time in two functions. Equal loops may differ in speed by where they are in memory, so
/// the clock says when the other one is due.
fn split(args: &[String]) -> Result<()> {
    let (mut seventy, mut thirty) = (Duration::ZERO, Duration::ZERO);
    spend(args.first(), || {
        let (spin, used): (extern "C" fn(u64) -> u64, _) = if seventy * 3 <= thirty * 7 {
            (spins_seventy, &mut seventy)
        } else {
            (spins_thirty, &mut thirty)
        };
        let start = cpu_time()?;
        while cpu_time()? - start < TURN {
            black_box(spin(black_box(100_000)));
        }
        *used += cpu_time()? - start;
        Ok(())
    })
}

/// The same, in the cgroup with this folder.
fn split_in_cgroup(args: &[String]) -> Result<()> {
    enter(args.first().context("a folder")?)?;
    split(&[])
}

/// Spends its time elsewhere.
fn other(_: &[String]) -> Result<()> {
    spend(None, || {
        black_box(spins_otherwise(black_box(100_000)));
        Ok(())
    })
}

/// Has another name each time that it is sampled.
fn rename(_: &[String]) -> Result<()> {
    let mut count = 0_u64;
    spend(None, || {
        count += 1;
        let _ = set_name(&CString::new(format!("r{count}")).unwrap_or_default());
        black_box(spins_otherwise(black_box(1000)));
        Ok(())
    })
}

/// Is busy where the frame pointer leads nowhere.
fn without_frames(args: &[String]) -> Result<()> {
    spend(args.first(), || {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: it counts a register down, and the frame pointer is what it was again.
        unsafe {
            std::arch::asm!(
                "push rbp", "xor ebp, ebp", "2: dec {0}", "jnz 2b", "pop rbp",
                inout(reg) 1_000_000_u64 => _,
            );
        }
        #[cfg(target_arch = "aarch64")]
        // SAFETY: the same.
        unsafe {
            std::arch::asm!(
                "mov {1}, x29", "mov x29, xzr", "2: subs {0}, {0}, #1", "b.ne 2b", "mov x29, {1}",
                inout(reg) 1_000_000_u64 => _, out(reg) _,
            );
        }
        Ok(())
    })
}

/// `bpfapps profile ARGS -- fixture split SECONDS`.
pub(crate) fn profile_split(args: &[&str], seconds: &str) -> Result<Command> {
    profile("split", args, seconds)
}

/// The same with another fixture.
pub(crate) fn profile(name: &str, args: &[&str], seconds: &str) -> Result<Command> {
    let mut command = cli(["profile"].iter().chain(args).copied());
    let split = fixture(name)?;
    command.arg("--").arg(split.get_program()).arg(seconds);
    let variables = split.get_envs();
    command.envs(variables.filter_map(|(name, value)| Some((name, value?))));
    Ok(command)
}

/// Samples in folded stacks in which `wanted` is, and all of them.
pub(crate) fn count(lines: &[String], wanted: &str) -> Result<(u64, u64)> {
    let (mut with, mut all) = (0, 0);
    for line in lines {
        let (stack, count) = line.rsplit_once(' ').context("a line without a number")?;
        let count: u64 = count.parse().with_context(|| line.clone())?;
        all += count;
        if stack.split(';').any(|function| function == wanted) {
            with += count;
        }
    }
    Ok((with, all))
}

/// Fails unless that is 70±3 % of both functions; samples of an emulator are few, and come at
/// random.
pub(crate) fn expect_seventy(seventy: u64, thirty: u64) -> Result<()> {
    let all = seventy + thirty;
    let part = seventy as f64 / all as f64;
    let deviation = (0.7 * 0.3 / all as f64).sqrt();
    let allowed = if all > 500 { 0.03 } else { 4.0 * deviation };
    ensure!(
        (part - 0.7).abs() <= allowed && all > many(500) as u64,
        "{seventy} and {thirty} samples: {:.1} %",
        100.0 * part
    );
    Ok(())
}

/// Waits until all is attached.
pub(crate) fn wait_until_it_samples(profile: &Process) -> Result<()> {
    // the first thing after that
    while profile.status("NoNewPrivs")? != "1" {
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Waits until a process has used this much CPU time.
pub(crate) fn wait_for_cpu(process: &Process, seconds: f64) -> Result<()> {
    let ticks = seconds * 100.0;
    loop {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.pid()))?;
        let (_, fields) = stat.rsplit_once(") ").context("no stat")?;
        let times = fields.split(' ').skip(11).take(2);
        let used: f64 = times.filter_map(|time| time.parse::<f64>().ok()).sum();
        if used >= ticks {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

//! Programs that run beside minimal.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _, stdout};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use bpfapps_testkit::{Fixture, Process, fixture};
use libbpf_rs::{MapCore as _, MapFlags, ObjectBuilder};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::Signal;

pub(crate) const FIXTURES: &[Fixture] = &[
    fixture!(print_all_the_time),
    fixture!(read_trace_pipe),
    fixture!(watch_mounts),
];

/// Reads the shared trace, which consumes its lines.
fn read_trace_pipe(_: &[String]) -> Result<()> {
    let pipe = File::open("/sys/kernel/tracing/trace_pipe").context("failed to open trace_pipe")?;
    println("reading")?;
    for line in BufReader::new(pipe).lines() {
        println(&line?)?;
    }
    Ok(())
}

/// Writes without end, and has minimal's program print a line for each write.
fn print_all_the_time(_: &[String]) -> Result<()> {
    let object = include_bytes!(concat!(env!("OUT_DIR"), "/minimal.bpf.o"));
    let mut object = ObjectBuilder::default().open_memory(object)?.load()?;
    for map in object.maps_mut() {
        if map.name().to_string_lossy().ends_with(".bss") {
            let pid = std::process::id().to_ne_bytes();
            map.update(&0_u32.to_ne_bytes(), &pid, MapFlags::ANY)?;
        }
    }
    let programs: Vec<_> = object.progs_mut().collect();
    let _links = programs
        .iter()
        .map(|program| program.attach())
        .collect::<Result<Vec<_>, _>>()?;
    println("printing")?;
    let mut nowhere = File::options().write(true).open("/dev/null")?;
    loop {
        nowhere.write_all(b"x")?;
    }
}

/// Runs minimal in a place where its mounts would be seen, and checks that none is.
fn watch_mounts(args: &[String]) -> Result<()> {
    let [program] = args else { bail!("a program") };
    let nothing = None::<&str>;
    let set = |flags: MsFlags| mount(nothing, "/sys", nothing, flags | MsFlags::MS_REC, nothing);
    unshare(CloneFlags::CLONE_NEWNS).context("failed to unshare mounts")?;
    set(MsFlags::MS_PRIVATE).context("failed to make /sys private")?;
    while umount2("/sys/kernel/tracing", MntFlags::MNT_DETACH).is_ok() {}
    set(MsFlags::MS_SHARED).context("failed to share /sys")?;

    let mounts = || fs::read_to_string("/proc/self/mounts").context("failed to read mounts");
    let before = mounts()?;
    let mut command = Command::new(program);
    let mut minimal = Process::start(command.arg("minimal").env_remove("BPFAPPS_FIXTURE"))?;
    minimal.line(|line| line.contains("BPF triggered"))?;
    ensure!(mounts()? == before, "a mount is seen outside");
    minimal.signal(Signal::SIGKILL)?;
    minimal.wait()?;
    ensure!(mounts()? == before, "a mount is left");
    Ok(())
}

fn println(line: &str) -> Result<()> {
    let mut stdout = stdout().lock();
    writeln!(stdout, "{line}")?;
    Ok(stdout.flush()?)
}

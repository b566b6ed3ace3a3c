//! The apps: each ends as one that fails.
#![allow(clippy::print_stderr, clippy::print_stdout)]

use std::fs::File;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::path::Path;
use std::process;
use std::thread;

use anyhow::{Context, Result, bail, ensure};

use bpfapps::objects::try_load;
use bpfapps_diagnose::Object;
use bpfapps_explain::report;
use bpfapps_refused::{OBJECTS, Run};
use bpfapps_testkit::{Fixture, fixture};
use caps::CapSet;
use libbpf_rs::libbpf_sys::{BPF_CGROUP_INET_EGRESS, bpf_prog_attach};

pub(crate) const FIXTURES: &[Fixture] = &[
    fixture!(app),
    fixture!(powerless_app),
    fixture!(uprobe),
    fixture!(join),
    fixture!(hold),
    fixture!(open),
];

/// Prints an error as `main` does.
pub(crate) fn reported<T>(result: Result<T>) -> Result<()> {
    if let Err(err) = result {
        eprint!("{}", report(&err, "bpfapps explain"));
        process::exit(1);
    }
    Ok(())
}

/// Attaches the program of that name; with the kernel's types from a file, if one is named.
fn app(args: &[String]) -> Result<()> {
    let [program, btf @ ..] = args else {
        bail!("a program")
    };
    let mut run = Run::start(btf.first().map(Into::into))?;
    reported(run.load(program).and_then(|mut loaded| loaded.attach()))
}

/// The same, without any capability between loading and attaching.
fn powerless_app(args: &[String]) -> Result<()> {
    let [program] = args else { bail!("a program") };
    let mut run = Run::start(None)?;
    let mut loaded = run.load(program)?;
    caps::clear(None, CapSet::Effective)?;
    reported(match program.as_str() {
        "on_uprobe" => loaded.attach_uprobe("/proc/self/exe", "4096").map(drop),
        _ => loaded.attach(),
    })
}

/// Attaches to a function of a program or library.
fn uprobe(args: &[String]) -> Result<()> {
    let [binary, function] = args else {
        bail!("a binary and a function")
    };
    let mut run = Run::start(None)?;
    reported(run.load("on_uprobe")?.attach_uprobe(binary, function))
}

/// Attaches to a cgroup.
fn join(args: &[String]) -> Result<()> {
    let [cgroup] = args else { bail!("a cgroup") };
    let mut run = Run::start(None)?;
    reported(run.load("on_cgroup")?.attach_cgroup(Path::new(cgroup)))
}

/// Attaches to a cgroup exclusively, in the old way, and waits to be killed.
fn hold(args: &[String]) -> Result<()> {
    let [folder] = args else { bail!("a cgroup") };
    let mut run = Run::start(None)?;
    let loaded = run.load("on_cgroup")?;
    let program = loaded.skel.progs.on_cgroup.as_fd().as_raw_fd();
    let cgroup = File::open(folder)?;
    // SAFETY: both are open for as long as the call takes.
    #[allow(unsafe_code, reason = "libbpf-rs has no call for it")]
    let result = unsafe { bpf_prog_attach(program, cgroup.as_raw_fd(), BPF_CGROUP_INET_EGRESS, 0) };
    ensure!(
        result == 0,
        "{}",
        std::io::Error::from_raw_os_error(-result)
    );
    println!("attached");
    loop {
        thread::park();
    }
}

/// Tries to load an object that is none, or the first bytes of one.
fn open(args: &[String]) -> Result<()> {
    let [name, bytes @ ..] = args else {
        bail!("an object")
    };
    let object = OBJECTS.iter().find(|object| object.name == *name);
    let object = object.context("there is no such object")?;
    let end = match bytes.first() {
        Some(bytes) => bytes.parse()?,
        None => object.bytes.len(),
    };
    reported(try_load(&Object::new(&object.name, &object.bytes[..end])))
}

//! What libbpf makes of each object with the part of the kernel's types that it reads.

use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use std::{fs, io, mem};

use anyhow::{Context, Result, ensure};
// for their objects
use bpfapps_bootstrap as _;
use bpfapps_btf::{Btf, minimal};
use bpfapps_core::Embedded;
use bpfapps_diagnose::object::complete;
use bpfapps_host::hooks::btf::KERNEL;
use bpfapps_minimal as _;
use bpfapps_procs as _;
use bpfapps_refused::{ALL, MADE};
use bpfapps_testkit::{Fixture, Process, Test, fixture, skip, test};
use libbpf_rs::{ObjectBuilder, PrintLevel, set_print};
use tempfile::TempDir;

use crate::run;

pub(crate) const TESTS: &[Test] = &[test!(objects_are_relocated_the_same_with_fewer_types)];
pub(crate) const FIXTURES: &[Fixture] = &[fixture!(relocate_all)];

/// The apps whose objects are always tried; they come first.
const APPS: [&str; 3] = ["bootstrap", "minimal", "procs"];

/// How long the further ones may take.
const ENOUGH: Duration = Duration::from_secs(30);

/// libbpf's messages about instructions that it relocated.
static RELOCATED: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn objects_are_relocated_the_same_with_fewer_types() -> Result<()> {
    if !fs::exists(KERNEL)? {
        return skip("this kernel has no BTF");
    }
    Process::run(&mut run("relocate_all", &[])?)?.expect_code(0)?;
    Ok(())
}

/// In a process of its own, whose messages of libbpf no other test has.
fn relocate_all(_: &[String]) -> Result<()> {
    let kernel = fs::read(KERNEL)?;
    let types = Btf::parse(&kernel)?;
    set_print(Some((PrintLevel::Debug, |_, message| {
        if let (true, Ok(mut all)) = (message.contains("patched insn"), RELOCATED.lock()) {
            all.push(message);
        }
    })));
    let folder = TempDir::new()?;
    let embedded: Vec<_> = Embedded::all().map(|it| (it.name, it.object())).collect();
    for app in APPS {
        ensure!(embedded.iter().any(|(name, _)| *name == app), "no {app}");
    }
    let embedded = embedded.iter().map(|(name, it)| (*name, &*it.bytes));
    let cases = ALL.iter().map(|it| (it.name, it.object));
    let made = MADE.iter().filter(|it| it.mistake.is_empty());
    let made = made.map(|it| (it.kind, it.object));
    let mut count = 0;
    let end = Instant::now() + ENOUGH;
    for (index, (name, bytes)) in embedded.chain(cases).chain(made).enumerate() {
        // in an emulated machine the apps have to do
        if index >= APPS.len() && Instant::now() > end {
            break;
        }
        // the other byte order, no types: not even libbpf opens these
        let Ok(object) = bpfapps_btf::Object::parse(bytes) else {
            continue;
        };
        let file = folder.path().join("part.btf");
        fs::write(&file, minimal(&types, &[object]))?;
        let all = relocated(bytes, KERNEL.as_ref())?;
        count += all.len();
        let part = relocated(bytes, &file)?;
        ensure!(
            all == part,
            "{name}: {all:#?} is {part:#?} with fewer types"
        );
        // whoever waits for this sees that it goes on
        writeln!(io::stdout(), "{name}")?;
    }
    ensure!(count > 10, "{count} relocations in all");
    Ok(())
}

/// Loads an object with types from a file. The kernel may refuse it after that.
fn relocated(bytes: &[u8], types: &Path) -> Result<Vec<String>> {
    let mut builder = ObjectBuilder::default();
    builder.btf_custom_path(types)?;
    if let Ok(mut open) = builder.open_memory(bytes) {
        complete(&mut open);
        let _ = open.load();
    }
    let mut all = RELOCATED.lock().ok().context("a thread panicked")?;
    Ok(mem::take(&mut *all))
}

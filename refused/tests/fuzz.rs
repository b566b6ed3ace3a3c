//! Files with a few changed bytes, given to the binary: it must end by itself, soon, and with a
//! message. `FUZZ_MUTATIONS=100000 cargo test --package bpfapps-refused --test fuzz` takes an hour.
//! The number of a mutation determines the changed bytes.

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bpfapps_core::Embedded;
use bpfapps_refused::{ALL, GREEDY, OBJECTS};
use bpfapps_testkit::program;

use bpfapps_procs as _;

/// Number of files by default.
const FEW: usize = 100;

/// One file of types is as large as hundreds of others.
const OF_TYPES: usize = 20;

/// Seconds that a run may compute, and wait: on a machine that is busy with others it waits longer.
const SECONDS: &str = "ulimit -t 10; exec timeout --kill-after 1 120 \"$@\"";

const CONFIGURATION: &str = "procs:\n  comm: [make, 'c c']\n  duration: 100\n  uid: &u root\n  \
                             failed-only: true\n  ring-size: 16M\nminimal: {once: true}\n";

fn mutations() -> usize {
    let asked = env::var("FUZZ_MUTATIONS").ok();
    asked.map_or(FEW, |number| number.parse().expect("a number"))
}

/// Pseudo-random numbers (xorshift), the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end.max(1)
    }
}

/// The file with a few places changed.
fn mutant(of: &[u8], number: usize) -> Vec<u8> {
    const EDGES: [u32; 6] = [0, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX, 0xffff];
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(number as u64 + 1));
    let mut bytes = of.to_vec();
    for _ in 0..=chance.below(8) {
        let at = chance.below(bytes.len());
        match chance.below(8) {
            0 => {
                let edge = EDGES[chance.below(EDGES.len())].to_ne_bytes();
                let end = (at + 4).min(bytes.len());
                bytes[at..end].copy_from_slice(&edge[..end - at]);
            }
            1 => {
                let (from, length) = (chance.below(bytes.len()), chance.below(64));
                let length = length.min(bytes.len() - at).min(bytes.len() - from);
                bytes.copy_within(from..from + length, at);
            }
            2 if chance.below(8) == 0 => bytes.truncate(at),
            3 => bytes[at] ^= 1 << chance.below(8),
            _ => bytes[at] = chance.below(256) as u8,
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

/// Tries this many mutants of the files in `corpus`, on all CPUs.
fn try_all(
    name: &str,
    corpus: &[Vec<u8>],
    count: usize,
    args: impl Fn(usize) -> Vec<String> + Sync,
) {
    let folder = tempfile::tempdir().expect("a folder");
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for worker in 0..thread::available_parallelism().map_or(1, usize::from) {
            let (next, args) = (&next, &args);
            let file = folder.path().join(format!("{worker}.{name}"));
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    let bytes = mutant(&corpus[number % corpus.len()], number);
                    fs::write(&file, bytes).expect("the file");
                    let mut command = Command::new("sh");
                    command.args(["-c", SECONDS, "sh"]).arg(program());
                    let output = command.args(args(number)).arg(&file).output();
                    let output = output.expect("timeout(1)");
                    if let Err(why) = check(&output) {
                        let kept = keep(&file, name, number);
                        panic!("{why}: mutation {number}, kept as {kept}: {output:?}");
                    }
                }
            });
        }
    });
}

fn check(output: &Output) -> Result<(), &'static str> {
    if !matches!(output.status.code(), Some(0..=2)) {
        return Err("it crashed, or took too long");
    }
    for written in [&output.stdout, &output.stderr] {
        let text = str::from_utf8(written).map_err(|_| "what it said is no text")?;
        if text.chars().any(|c| c.is_control() && c != '\n') {
            return Err("it moved the terminal");
        }
        if text.contains("panicked") {
            return Err("it panicked");
        }
    }
    Ok(())
}

/// Keeps a file that caused a failure.
fn keep(file: &Path, name: &str, number: usize) -> String {
    let kept = env::temp_dir().join(format!("mutation-{number}.{name}"));
    let copied = fs::copy(file, &kept);
    copied.map_or_else(|err| err.to_string(), |_| kept.display().to_string())
}

#[test]
fn any_object_is_looked_at_or_refused() {
    let own = Embedded::all().map(|object| object.object().bytes.to_vec());
    let cases = ALL.iter().map(|case| case.object.to_vec());
    let others = OBJECTS.iter().map(|object| object.bytes.to_vec());
    let corpus: Vec<_> = own
        .chain(cases)
        .chain(others)
        .chain([GREEDY.to_vec()])
        .collect();
    // the kernel's types serve doctor's checks alone, and an object's are read ten times as fast
    let mut types = tempfile::NamedTempFile::new().expect("a file");
    types.write_all(GREEDY).expect("types");
    let types = types.path().to_string_lossy();
    try_all("bpf.o", &corpus, mutations(), |number| {
        let types = match number % OF_TYPES {
            0 => "/sys/kernel/btf/vmlinux",
            _ => &*types,
        };
        let format = ["table", "json", "yaml"][number % 3];
        ["doctor", "--btf", types, "-o", format, "--object"]
            .map(str::to_owned)
            .into()
    });
}

#[test]
fn any_types_are_taken_or_refused() {
    // without privileges they are not asked for, and without the kernel's there are none to change
    let Ok(types) = fs::read("/sys/kernel/btf/vmlinux") else {
        return;
    };
    try_all("btf", &[types], mutations().div_ceil(OF_TYPES), |_| {
        ["doctor", "procs", "--btf"].map(str::to_owned).into()
    });
}

#[test]
fn any_configuration_is_read_or_refused() {
    let corpus = [CONFIGURATION.as_bytes().to_vec()];
    try_all("yaml", &corpus, mutations(), |_| {
        ["config", "check"].map(str::to_owned).into()
    });
}

//! Settings of the kernel that limit what BPF may do.

use std::fs::File;
use std::io::Read as _;

use bpfapps_diagnose::Target;
use bpfapps_host::Release;
use bpfapps_host::capabilities::{CapSet, Capability, held, missing};
use bpfapps_host::settings::{self, MEMLOCK_FREE_SINCE};

use super::check::{Check, list};
use super::fix::Fix;
use super::subject::{Subject, names_where};

const PARANOID: &str = "kernel.perf_event_paranoid";
const KPTR: &str = "kernel.kptr_restrict";

/// Bytes of /proc/kallsyms in which one symbol has an address, if any has: the first may be at 0.
const START: u64 = 64 * 1024;

pub(super) fn checks(subjects: &[Subject]) -> Vec<Check> {
    vec![
        memlock(),
        lockdown(),
        security_modules(subjects),
        perf_events(subjects),
        symbols(subjects),
    ]
}

fn ok(check: &'static str, found: impl Into<String>) -> Check {
    Check::ok("machine", check, found)
}

fn memlock() -> Check {
    let limit = match settings::memlock() {
        Ok(None) => "unlimited".to_owned(),
        Ok(Some(bytes)) => format!("{} KiB", bytes / 1024),
        Err(err) => format!("{err:#}"),
    };
    let (major, minor) = MEMLOCK_FREE_SINCE;
    if Release::running().is_ok_and(|running| running.is_at_least(MEMLOCK_FREE_SINCE)) {
        let found = format!("{limit}; it does not matter since Linux {major}.{minor}");
        return ok("memlock", found);
    }
    let check = ok("memlock", limit.clone());
    match limit == "unlimited" {
        true => check,
        false => check.warn(
            format!(
                "before Linux {major}.{minor} this limits BPF maps, and it can't be raised from here"
            ),
            "run it with sudo, or as root: ulimit -l unlimited",
        ),
    }
}

fn lockdown() -> Check {
    match settings::lockdown() {
        None => ok("lockdown", "none, as far as this kernel shows"),
        Some(mode) if mode == "confidentiality" => ok("lockdown", &*mode).warn(
            "BPF programs may not read the kernel's memory",
            format!(
                "boot without lockdown=confidentiality: see {}",
                settings::LOCKDOWN
            ),
        ),
        Some(mode) => ok("lockdown", mode),
    }
}

fn security_modules(subjects: &[Subject]) -> Check {
    let Some(modules) = settings::security_modules() else {
        return ok("security modules", "not shown: securityfs is not mounted");
    };
    let check = ok("security modules", list(&modules));
    let hooks = |subject: &Subject| {
        let mut programs = subject.programs();
        programs.any(|it| matches!(it.target(), Some(Target::Lsm(_))))
    };
    let needy = names_where(subjects, hooks);
    if needy.is_empty() || modules.iter().any(|module| module == "bpf") {
        return check;
    }
    let fix = format!("boot with lsm={},bpf", modules.join(","));
    check.fail(
        needy,
        "programs of the type lsm are never asked: bpf is not among them",
        fix,
    )
}

fn perf_events(subjects: &[Subject]) -> Check {
    let Some(paranoid) = settings::sysctl::<i32>(PARANOID) else {
        return ok("perf events", "none: this kernel is built without them");
    };
    let found = format!("{PARANOID} is {paranoid}");
    let effective = held(CapSet::Effective);
    let has_perfmon = missing(&[Capability::CAP_PERFMON], &effective).is_empty();
    if paranoid < 0 || has_perfmon {
        let why = match has_perfmon {
            true => "overridden by CAP_PERFMON",
            false => "open to everybody",
        };
        return ok("perf events", format!("{found}; {why}"));
    }
    // the check of capabilities has reported a missing CAP_SYSLOG already
    let needy = names_where(subjects, |subject| {
        let asks = subject.capabilities().contains(&Capability::CAP_PERFMON);
        subject.needs_tracefs() && !asks
    });
    let check = ok("perf events", format!("{found}: not without CAP_PERFMON"));
    match needy.is_empty() {
        true => check,
        false => check
            .fail(needy, "tracepoints are attached through them", "")
            .fixed_by(Fix::sysctl(PARANOID, "-1")),
    }
}

fn symbols(subjects: &[Subject]) -> Check {
    let restrict = match settings::sysctl::<u8>(KPTR) {
        Some(value) => format!("{KPTR} is {value}"),
        None => format!("no {KPTR}"),
    };
    let mut start = String::new();
    if let Ok(symbols) = File::open("/proc/kallsyms") {
        // what can't be read is hidden
        let _ = symbols.take(START).read_to_string(&mut start);
    }
    let mut addresses = start.lines().filter_map(|line| line.split(' ').next());
    let hidden = addresses.all(|address| address.bytes().all(|digit| digit == b'0'));
    // libbpf takes the address of a variable without a type from kallsyms
    let reads = |subject: &Subject| {
        subject
            .demands()
            .flat_map(|demands| &demands.externs)
            .any(|it| !it.is_function && !it.is_weak)
    };
    let needy = names_where(subjects, reads);
    match (hidden, needy.is_empty()) {
        (false, _) => ok("kernel symbols", format!("{restrict}; addresses are shown")),
        (true, true) => {
            let found = format!("{restrict}; addresses are hidden, and nothing here needs them");
            ok("kernel symbols", found)
        }
        (true, false) => ok(
            "kernel symbols",
            format!("{restrict}; addresses are hidden"),
        )
        .warn("variables of the kernel are found by their addresses", "")
        .fixed_by(Fix::sysctl(KPTR, "1")),
    }
}

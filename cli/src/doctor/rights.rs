//! What this process may do.

use std::env;
use std::fs::File;
use std::io::Read as _;

use bpfapps_core::{Capability, kernel, machine, tracefs};
use caps::{CapSet, CapsHashSet};
use nix::errno::Errno;
use nix::unistd::geteuid;

use super::check::{Check, list};
use super::fix::Fix;
use super::subject::{Subject, those};

const UNPRIVILEGED: &str = "kernel.unprivileged_bpf_disabled";
const PARANOID: &str = "kernel.perf_event_paranoid";
const KPTR: &str = "kernel.kptr_restrict";

/// Bytes of /proc/kallsyms in which one symbol has an address, if any has: the first may be at 0.
const START: u64 = 64 * 1024;

/// The first Linux that does not book BPF maps against the limit.
const MEMLOCK_FREE: (u32, u32) = (5, 11);

/// And whether the kernel takes anything at all of this process.
pub(super) fn checks(subjects: &[Subject]) -> (Vec<Check>, bool) {
    let made = machine::make_map();
    let all = |_: &Subject| true;
    let checks = vec![
        bpf(those(subjects, all), made),
        capabilities(subjects),
        memlock(),
        lockdown(),
        security_modules(subjects),
        mounted(subjects),
        perf_events(subjects),
        symbols(subjects),
    ];
    (checks, made.is_ok())
}

fn ok(check: &'static str, found: impl Into<String>) -> Check {
    Check::ok("machine", check, found)
}

fn held(set: CapSet) -> CapsHashSet {
    caps::read(None, set).unwrap_or_default()
}

/// CAP_SYS_ADMIN stands for those that came later.
fn missing(of: &[Capability], held: &CapsHashSet) -> Vec<Capability> {
    let all = held.contains(&Capability::CAP_SYS_ADMIN);
    let missing = of.iter().filter(|wanted| !all && !held.contains(wanted));
    missing.copied().collect()
}

/// The capabilities that something asks for, and this process does not have.
pub(super) fn lacking(subject: &Subject) -> Vec<Capability> {
    missing(&subject.capabilities(), &held(CapSet::Effective))
}

fn bpf(all: Vec<String>, made: Result<(), Errno>) -> Check {
    let disabled = machine::sysctl::<u8>(UNPRIVILEGED);
    let setting = match disabled {
        None => String::new(),
        Some(0) => format!("; {UNPRIVILEGED} is 0: partly to everybody"),
        Some(value) => format!("; {UNPRIVILEGED} is {value}: only with CAP_BPF"),
    };
    let errno = match made {
        Ok(()) => return ok("bpf()", format!("allowed: the kernel made a map{setting}")),
        Err(errno) => errno,
    };
    let check = ok("bpf()", format!("refused: {}{setting}", errno.desc()));
    let has_bpf = missing(&[Capability::CAP_BPF], &held(CapSet::Effective)).is_empty();
    let (cause, mend) = match errno {
        Errno::ENOSYS => (
            "this kernel is built without BPF, or it is hidden from this process",
            "boot one that is built with CONFIG_BPF_SYSCALL=y",
        ),
        Errno::EPERM if !has_bpf => (
            "this process has no CAP_BPF",
            "run it with sudo, or see the capabilities below",
        ),
        _ if machine::is_filtered() => (
            "system calls of this process are filtered (seccomp), most likely bpf(2) among them",
            "start the container with a profile that allows bpf(2), or without one: --security-opt \
             seccomp=unconfined",
        ),
        Errno::EPERM if machine::is_initial_namespace("user") == Some(false) => (
            "this is a user namespace, whose capabilities do not count for BPF",
            "run it in the machine's own",
        ),
        Errno::EPERM => (
            "the limit of locked memory, or a security module",
            "ulimit -l unlimited, as root; else look into the log of the kernel: dmesg",
        ),
        _ => ("the kernel gives no more than this number", "see bpf(2)"),
    };
    check.fail(all, cause, mend)
}

fn capabilities(subjects: &[Subject]) -> Check {
    let effective = held(CapSet::Effective);
    let mut wanted: Vec<_> = subjects.iter().flat_map(Subject::capabilities).collect();
    wanted.sort_by_key(ToString::to_string);
    wanted.dedup();
    let lacks = missing(&wanted, &effective);
    let check = ok("capabilities", list(&wanted));
    if lacks.is_empty() {
        return check;
    }
    let concerned = those(subjects, |subject| !lacking(subject).is_empty());
    let bounds = missing(&lacks, &held(CapSet::Bounding));
    let names = |all: &[Capability], separator: &str, start: &str| {
        let names = all.iter().map(|it| it.to_string().replace("CAP_", start));
        names.collect::<Vec<_>>().join(separator)
    };
    let has: Vec<_> = wanted.iter().filter(|it| !lacks.contains(it)).collect();
    let check = ok("capabilities", list(&has));
    if !bounds.is_empty() {
        let cause = format!(
            "{} missing, also from the bounding set: nothing that is started here can get it, \
             not even with sudo",
            list(&bounds)
        );
        let mend = match machine::container() {
            Some(_) => format!(
                "start the container with --cap-add={}, or run it outside",
                names(&bounds, " --cap-add=", "")
            ),
            None => "run it where nobody took that away: systemd does so with \
                     CapabilityBoundingSet=, for instance"
                .to_owned(),
        };
        return check.fail(concerned, cause, mend);
    }
    let cause = format!("{} missing from this process", list(&lacks));
    let check = check.fail(concerned, cause, "run it with sudo");
    // as root it was taken away from the process, and a file gives it nothing
    let program = env::current_exe().ok();
    let Some(program) = program.filter(|_| !geteuid().is_root()) else {
        return check;
    };
    let all = names(&wanted, ",", "CAP_").to_lowercase();
    let program = program.display().to_string();
    check.fixed_by(Fix::new(&["setcap", &format!("{all}+ep"), &program]))
}

fn memlock() -> Check {
    let limit = match machine::memlock() {
        Ok(None) => "unlimited".to_owned(),
        Ok(Some(bytes)) => format!("{} KiB", bytes / 1024),
        Err(err) => format!("{err:#}"),
    };
    if kernel::version().is_ok_and(|running| running >= MEMLOCK_FREE) {
        return ok(
            "memlock",
            format!("{limit}; it does not matter since Linux 5.11"),
        );
    }
    let check = ok("memlock", limit.clone());
    match limit == "unlimited" {
        true => check,
        false => check.warn(
            "before Linux 5.11 this limits BPF maps, and it can't be raised from here",
            "run it with sudo, or as root: ulimit -l unlimited",
        ),
    }
}

fn lockdown() -> Check {
    match machine::lockdown() {
        None => ok("lockdown", "none, as far as this kernel shows"),
        Some(mode) if mode == "confidentiality" => ok("lockdown", &*mode).warn(
            "BPF programs may not read the kernel's memory",
            format!(
                "boot without lockdown=confidentiality: see {}",
                machine::LOCKDOWN
            ),
        ),
        Some(mode) => ok("lockdown", mode),
    }
}

fn security_modules(subjects: &[Subject]) -> Check {
    use bpfapps_core::object::Hook;
    let Some(modules) = machine::security_modules() else {
        return ok("security modules", "not shown: securityfs is not mounted");
    };
    let check = ok("security modules", list(&modules));
    let hooks = |subject: &Subject| subject.programs().any(|it| matches!(it.hook, Hook::Lsm(_)));
    let needy = those(subjects, hooks);
    if needy.is_empty() || modules.iter().any(|module| module == "bpf") {
        return check;
    }
    let mend = format!("boot with lsm={},bpf", modules.join(","));
    check.fail(
        needy,
        "programs of the type lsm are never asked: bpf is not among them",
        mend,
    )
}

fn mounted(subjects: &[Subject]) -> Check {
    let needy = those(subjects, Subject::needs_tracefs);
    let place = tracefs::mounted();
    let check = match place {
        Some(place) => ok("tracefs", place),
        None => ok("tracefs", "not mounted"),
    };
    if needy.is_empty() {
        return match place {
            Some(_) => check,
            None => ok("tracefs", "not mounted, and nothing here needs it"),
        };
    }
    let reason = tracefs::find_or_mount().err();
    let mount = Fix::new(&["mount", "-t", "tracefs", "tracefs", "/sys/kernel/tracing"]);
    match (place, reason) {
        (Some(place), None) => ok("tracefs", format!("{place}, readable")),
        (Some(_), Some(err)) => check.fail(needy, format!("{err:#}"), "run it with sudo"),
        (None, Some(err)) => check.fail(needy, format!("{err:#}"), "").fixed_by(mount),
        (None, None) => {
            let lone = those(subjects, |it| it.needs_tracefs() && !it.mounts_tracefs());
            match lone.is_empty() {
                true => ok("tracefs", "not mounted; an app mounts it for itself"),
                false => check
                    .fail(
                        lone,
                        "libbpf finds tracepoints in it, and does not mount it",
                        "",
                    )
                    .fixed_by(mount),
            }
        }
    }
}

fn perf_events(subjects: &[Subject]) -> Check {
    let Some(paranoid) = machine::sysctl::<i32>(PARANOID) else {
        return ok("perf events", "none: this kernel is built without them");
    };
    let found = format!("{PARANOID} is {paranoid}");
    let effective = held(CapSet::Effective);
    let has_perfmon = missing(&[Capability::CAP_PERFMON], &effective).is_empty();
    if paranoid < 0 || has_perfmon {
        let why = match has_perfmon {
            true => "CAP_PERFMON goes before it",
            false => "open to everybody",
        };
        return ok("perf events", format!("{found}; {why}"));
    }
    // that an app asks for the capability, the check of those has said
    let needy = those(subjects, |subject| {
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
    let restrict = match machine::sysctl::<u8>(KPTR) {
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
    // libbpf takes the address of a variable without a type from there
    let reads = |subject: &Subject| {
        subject
            .demands()
            .flat_map(|demands| &demands.externs)
            .any(|it| !it.is_function && !it.is_weak)
    };
    let needy = those(subjects, reads);
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

//! The privileges of this process.

use bpfapps_core::raise_memlock;
use bpfapps_diagnose::{make_map, user_namespace};
use bpfapps_host::capabilities::{CapSet, Capability, held, lend, lent_to_everybody, missing};
use bpfapps_host::hooks::tracefs;
use bpfapps_host::units::Service;
use bpfapps_host::{platform, settings, shell};
use nix::errno::Errno;
use nix::unistd::geteuid;

use super::check::{Check, list};
use super::fix::Fix;
use super::subject::{Kind, Subject, names_where};

const UNPRIVILEGED: &str = "kernel.unprivileged_bpf_disabled";

/// Also returns true if the kernel accepts anything from this process.
pub(super) fn checks(subjects: &[Subject], binary: &str) -> (Vec<Check>, bool) {
    raise_memlock();
    let made = make_map();
    let all = |_: &Subject| true;
    let mut checks = vec![
        bpf(names_where(subjects, all), made),
        capabilities(subjects),
    ];
    checks.extend(lent());
    checks.push(mounted(subjects));
    checks.extend(subjects.iter().filter_map(|it| service(it, binary)));
    (checks, made.is_ok())
}

fn ok(check: &'static str, found: impl Into<String>) -> Check {
    Check::ok("machine", check, found)
}

/// The capabilities that something asks for, and this process does not have.
pub(super) fn lacking(subject: &Subject) -> Vec<Capability> {
    missing(&subject.capabilities(), &held(CapSet::Effective))
}

fn bpf(all: Vec<String>, made: Result<(), Errno>) -> Check {
    let disabled = settings::sysctl::<u8>(UNPRIVILEGED);
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
    if errno == Errno::EPERM
        && has_bpf
        && let Some(failure) = user_namespace()
    {
        return check.fail(all, failure.to_string(), failure.hint().unwrap_or_default());
    }
    let (cause, fix) = match errno {
        Errno::ENOSYS => (
            "this kernel is built without BPF, or it is hidden from this process",
            "boot one that is built with CONFIG_BPF_SYSCALL=y",
        ),
        Errno::EPERM if !has_bpf => (
            "this process has no CAP_BPF",
            "run it with sudo, or see the capabilities below",
        ),
        _ if platform::is_filtered() => (
            "system calls of this process are filtered (seccomp), most likely bpf(2) among them",
            "start the container with a profile that allows bpf(2), or without one: --security-opt \
             seccomp=unconfined",
        ),
        Errno::EPERM => (
            "the limit of locked memory, or a security module",
            "ulimit -l unlimited, as root; else look into the log of the kernel: dmesg",
        ),
        _ => ("the kernel gives no more than this number", "see bpf(2)"),
    };
    check.fail(all, cause, fix)
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
    let concerned = names_where(subjects, |subject| !lacking(subject).is_empty());
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
        let fix = match platform::container() {
            Some(_) => format!(
                "start the container with --cap-add={}, or run it outside",
                names(&bounds, " --cap-add=", "")
            ),
            None => "run it without that restriction, such as CapabilityBoundingSet= of systemd"
                .to_owned(),
        };
        return check.fail(concerned, cause, fix);
    }
    let cause = format!("{} missing from this process", list(&lacks));
    let check = check.fail(concerned, cause, "run it with sudo");
    // as root it was taken away from the process, and a file gives it nothing
    match lend(&wanted) {
        Ok(Some(commands)) if !geteuid().is_root() => check.fixed_by(Fix::rights(commands)),
        _ => check,
    }
}

/// Every user who may run such a file can observe the processes of all users, and use up CPU time.
fn lent() -> Option<Check> {
    let program = lent_to_everybody()?;
    let found = format!("{} has capabilities", program.display());
    let keep = shell::command(&["chmod".as_ref(), "o-rwx".as_ref(), program.as_ref()]);
    let cause = "everybody on this machine may run it, and has them then";
    let fix = format!("leave it to its owner and its group: sudo {keep}");
    Some(ok("program file", found).warn(cause, fix))
}

/// Whether the service of an app may do what the app needs, if there is one.
fn service(subject: &Subject, binary: &str) -> Option<Check> {
    let Kind::App(app) = subject.kind else {
        return None;
    };
    let service = Service::of(binary, app.name)?;
    let wanted = subject.capabilities();
    let lacks = missing(&wanted, &service.capabilities);
    let user = if service.is_root { "root" } else { "a user" };
    let check = Check::ok(
        &subject.name,
        "service",
        format!("{} starts as {user}", service.name),
    );
    let edit = format!("systemctl edit {}", service.name);
    if !lacks.is_empty() {
        let cause = format!("its unit does not give it {}", list(&lacks));
        let names: Vec<_> = lacks.iter().map(ToString::to_string).collect();
        let names = names.join(" ");
        let fix = format!(
            "{edit}, and add to [Service]: AmbientCapabilities={names} and \
             CapabilityBoundingSet={names}"
        );
        return Some(check.warn(cause, fix));
    }
    if subject.needs_tracefs() && !service.is_root {
        let cause = "it needs tracefs, which only root reads";
        return Some(check.warn(cause, format!("{edit}, and add to [Service]: User=root")));
    }
    let has = match wanted.is_empty() {
        true => String::new(),
        false => format!(" with {}", list(&wanted)),
    };
    let found = format!("{} starts as {user}{has}", service.name);
    Some(Check::ok(&subject.name, "service", found))
}

fn mounted(subjects: &[Subject]) -> Check {
    let needy = names_where(subjects, Subject::needs_tracefs);
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
            let lone = names_where(subjects, |it| it.needs_tracefs() && !it.mounts_tracefs());
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

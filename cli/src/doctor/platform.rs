//! The running kernel and its platform.

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Error, Result};
use bpfapps_core::{KernelTypes, Origin};
use bpfapps_diagnose::user_namespace;
use bpfapps_explain::Failure;
use bpfapps_host::hooks::btf::KERNEL;
use bpfapps_host::{Release, namespaces as spaces, platform as host, settings};
use libbpf_rs::btf::Btf;

use super::check::{Check, list};
use super::fix::Fix;
use super::subject::{Kind, Subject, names_where};

const ABOUT: &str = "machine";

const MIB: f64 = 1_048_576.0;

pub(super) fn checks(
    subjects: &[Subject],
    given: Option<&KernelTypes>,
    btf: Result<&Btf<'_>, &Error>,
) -> Vec<Check> {
    vec![
        kernel(subjects),
        types(subjects, given, btf),
        jit(),
        namespaces(subjects),
        platform(),
    ]
}

fn ok(check: &'static str, found: impl Into<String>) -> Check {
    Check::ok(ABOUT, check, found)
}

/// A file of /proc, or nothing.
fn read(file: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.trim().to_owned()
}

fn kernel(subjects: &[Subject]) -> Check {
    let release = Release::running_name().unwrap_or_default();
    let flavour = match release.to_lowercase() {
        it if it.contains("microsoft") => ", of WSL",
        it if it.contains("android") => ", of Android",
        it if it.contains("cloud") => ", for clouds",
        it if it.contains("-rt") => ", for real time",
        _ => "",
    };
    let check = ok(
        "kernel",
        format!("Linux {release}{flavour}, {}", env::consts::ARCH),
    );
    let Ok(running) = Release::running() else {
        return check;
    };
    let old: Vec<_> = subjects
        .iter()
        .filter_map(|subject| match subject.kind {
            Kind::App(app) if running.series() < Release::parse(app.needs.kernel)?.series() => {
                Some(format!("{} needs Linux {}", app.name, app.needs.kernel))
            }
            _ => None,
        })
        .collect();
    match old.is_empty() {
        true => check,
        false => check.warn(list(&old), "boot a newer kernel"),
    }
}

/// Where the types come from, and why not from the kernel.
fn types(
    subjects: &[Subject],
    given: Option<&KernelTypes>,
    btf: Result<&Btf<'_>, &Error>,
) -> Check {
    let needy = names_where(subjects, Subject::needs_btf);
    let btf = match btf {
        Ok(btf) => btf,
        Err(err) => {
            let has_own = Path::new(KERNEL).exists();
            let found = if has_own { "not readable" } else { "none" };
            if needy.is_empty() {
                return ok("BTF", format!("{found}, and nothing here needs it"));
            }
            let fix = Failure::of(err).and_then(Failure::hint);
            let fix = fix.unwrap_or("boot a kernel that is built with CONFIG_DEBUG_INFO_BTF=y");
            return ok("BTF", found)
                .fail(needy, format!("{err:#}"), fix)
                .by(err);
        }
    };
    let (place, file, why) = match given {
        None => (KERNEL.to_owned(), KERNEL.into(), ""),
        Some(types) => {
            let why = match types.origin {
                Origin::Named(_) => ", as --btf says",
                Origin::Bundle { .. } => " of this very kernel, which has no BTF of its own",
            };
            (types.origin.to_string(), types.path(), why)
        }
    };
    let size = fs::metadata(file).map_or(0, |file| file.len()) as f64;
    let size = match size < MIB {
        true => format!("{:.1} KiB", size / 1024.0),
        false => format!("{:.1} MiB", size / MIB),
    };
    ok(
        "BTF",
        format!("{place}, {size} with {} types{why}", btf.len()),
    )
}

fn jit() -> Check {
    let (enabled, harden) = ("net.core.bpf_jit_enable", "net.core.bpf_jit_harden");
    let Some(on) = settings::sysctl::<u8>(enabled) else {
        // shown in the first network namespace only
        return ok("JIT", "its settings are not shown here");
    };
    let hardened = match settings::sysctl::<u8>(harden) {
        None | Some(0) => "not hardened",
        Some(1) => "hardened for programs without privileges",
        Some(_) => "hardened for all programs, which costs a little",
    };
    match on {
        0 => ok("JIT", "off")
            .warn(
                format!("{enabled} is 0: programs are interpreted, which is several times slower"),
                "",
            )
            .fixed_by(Fix::sysctl(enabled, "1")),
        _ => ok("JIT", format!("on, {hardened}")),
    }
}

fn namespaces(subjects: &[Subject]) -> Check {
    let kinds = ["PID", "mount", "user"];
    let own: Vec<_> = kinds
        .into_iter()
        .filter(|kind| {
            let name = match *kind {
                "mount" => "mnt".to_owned(),
                kind => kind.to_lowercase(),
            };
            spaces::is_initial(&name) == Some(false)
        })
        .collect();
    if own.is_empty() {
        return ok("namespaces", "the machine's own: PID, mount and user");
    }
    let found = format!("not the machine's: {}", list(&own));
    let check = ok("namespaces", found);
    let Some(failure) = user_namespace() else {
        return check;
    };
    let needy = names_where(subjects, |subject| !subject.capabilities().is_empty());
    check.fail(
        needy,
        failure.to_string(),
        failure.hint().unwrap_or_default(),
    )
}

fn platform() -> Check {
    let version = read("/proc/version").to_lowercase();
    let mut found = Vec::new();
    if let Some(name) = host::container() {
        found.push(format!("in a container ({name})"));
    }
    if version.contains("microsoft") {
        found.push("on WSL".to_owned());
    }
    if version.contains("android") || Path::new("/system/build.prop").exists() {
        found.push("on Android".to_owned());
    }
    let check = match found.is_empty() {
        true => ok("platform", "no container, not WSL, not Android"),
        false => ok("platform", list(&found)),
    };
    // the first WSL has no Linux in it
    match version.contains("microsoft") && !version.contains("wsl2") && version.contains("4.4.0") {
        true => check.warn("WSL 1 runs no BPF", "wsl --set-version DISTRIBUTION 2"),
        false => check,
    }
}

//! What a program attaches to, as its section says, and whether that is there.

use std::fs;
use std::path::{Path, PathBuf};

use bpfapps_explain::nearest;

use super::Types;
use crate::{Target, tracefs};

/// Where a program attaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hook {
    /// A tracepoint, by category and name: `tp/sched/sched_switch`
    Tracepoint(String),
    /// A tracepoint with its arguments as they are: `raw_tp/sched_switch`
    RawTracepoint(String),
    /// The same, with their types: `tp_btf/sched_switch`
    TypedTracepoint(String),
    /// A function of the kernel: `kprobe/do_exit`; of an empty name where it is told later
    Function(String),
    /// The same, with its types: `fentry/do_exit`
    TypedFunction(String),
    /// A system call: `ksyscall/openat`
    SystemCall(String),
    /// A function or a probe of a program: `uprobe`, `usdt`
    User,
    /// A hook for security modules: `lsm/file_open`
    Lsm(String),
    /// A list of the kernel: `iter/task`
    Iterator(String),
    /// What is told only where it is attached, or nothing.
    Other,
}

/// What looking for a hook came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It is there.
    There,
    /// This machine does not tell, for that reason.
    Unknown(String),
    /// It is not there; these are like it.
    Absent(Vec<String>),
}

impl Hook {
    /// By the name of the program's section.
    pub(super) fn of(section: &str) -> Self {
        let section = section.trim_start_matches('?');
        let kind = section.split('/').next().unwrap_or(section);
        match Target::of_section(section) {
            Some(Target::Tracepoint(name)) => Self::Tracepoint(name.into()),
            Some(Target::RawTracepoint(name)) if kind == "tp_btf" => {
                Self::TypedTracepoint(name.into())
            }
            Some(Target::RawTracepoint(name)) => Self::RawTracepoint(name.into()),
            Some(Target::Function(name)) => Self::Function(name.into()),
            Some(Target::Trampoline(name)) => Self::TypedFunction(name.into()),
            Some(Target::Syscall(name)) => Self::SystemCall(name.into()),
            Some(Target::Lsm(name)) => Self::Lsm(name.into()),
            Some(Target::Iterator(name)) => Self::Iterator(name.into()),
            Some(Target::Symbol { .. } | Target::Probe { .. }) => Self::User,
            _ => match kind.trim_end_matches(".s") {
                "kprobe" | "kretprobe" => Self::Function(String::new()),
                "uprobe" | "uretprobe" | "usdt" => Self::User,
                _ => Self::Other,
            },
        }
    }

    /// Whether it is found in the kernel's BTF, and found when the program is loaded.
    pub fn is_typed(&self) -> bool {
        matches!(
            self,
            Self::TypedTracepoint(_) | Self::TypedFunction(_) | Self::Lsm(_) | Self::Iterator(_)
        )
    }

    /// Whether its number comes from tracefs.
    pub fn is_in_tracefs(&self) -> bool {
        matches!(self, Self::Tracepoint(_))
    }

    /// What it is called in BTF.
    pub(super) fn type_name(&self) -> Option<String> {
        let (prefix, name) = self.typed()?;
        Some(format!("{prefix}{name}"))
    }

    fn typed(&self) -> Option<(&'static str, &str)> {
        Some(match self {
            Self::RawTracepoint(name) | Self::TypedTracepoint(name) => ("btf_trace_", name),
            Self::TypedFunction(name) => ("", name),
            Self::Lsm(name) => ("bpf_lsm_", name),
            Self::Iterator(name) => ("bpf_iter_", name),
            _ => return None,
        })
    }

    /// Looks for it; where that is in tracefs, mounts it for this thread.
    pub fn find(&self, types: Option<&Types<'_>>) -> Finding {
        match self {
            Self::Other => Finding::There,
            Self::Tracepoint(name) => tracepoint(name),
            Self::Function(_) | Self::SystemCall(_) if lacks("kprobe") => {
                Finding::Absent(Vec::new())
            }
            Self::User if lacks("uprobe") => Finding::Absent(Vec::new()),
            Self::User => Finding::There,
            Self::Function(name) if name.is_empty() => Finding::There,
            Self::Function(name) => function(name),
            Self::SystemCall(name) => system_call(name),
            Self::RawTracepoint(name) => match self.find_type(types) {
                Finding::There => Finding::There,
                // of a module, or a kernel without BTF
                other => match tracepoints().iter().any(|it| ends_in(it, name)) {
                    true => Finding::There,
                    false => other,
                },
            },
            _ => self.find_type(types),
        }
    }

    fn find_type(&self, types: Option<&Types<'_>>) -> Finding {
        let (Some((prefix, name)), Some(types)) = (self.typed(), types) else {
            return Finding::Unknown("the kernel's types are not known".into());
        };
        if types.has(&format!("{prefix}{name}")) {
            return Finding::There;
        }
        let all = types.names_after(prefix);
        Finding::Absent(near(name, all.iter().copied()))
    }
}

/// Whether perf, which attaches such probes, has none of the kind.
fn lacks(kind: &str) -> bool {
    let devices = Path::new("/sys/bus/event_source/devices");
    devices.is_dir() && !devices.join(kind).exists()
}

fn tracepoint(name: &str) -> Finding {
    let events = match tracefs::find_or_mount() {
        Ok(place) => place.join("events"),
        Err(err) => return Finding::Unknown(format!("{err:#}")),
    };
    if events.join(name).join("id").exists() {
        return Finding::There;
    }
    let all = tracepoints();
    Finding::Absent(near(name, all.iter().map(String::as_str)))
}

/// All by category and name.
fn tracepoints() -> Vec<String> {
    let Ok(place) = tracefs::find_or_mount() else {
        return Vec::new();
    };
    let events = place.join("events");
    let names = |category: String| {
        let names = names_in(events.join(&category));
        let names = names.into_iter();
        names.map(move |name| format!("{category}/{name}"))
    };
    names_in(events.clone())
        .into_iter()
        .flat_map(names)
        .collect()
}

fn ends_in(tracepoint: &str, name: &str) -> bool {
    tracepoint
        .rsplit_once('/')
        .is_some_and(|(_, it)| it == name)
}

fn names_in(folder: PathBuf) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect()
}

fn function(name: &str) -> Finding {
    match crate::kallsyms::Functions::read() {
        Ok(functions) if functions.first_of(&[name]).is_ok() => Finding::There,
        Ok(functions) => Finding::Absent(near(name, functions.matching("*").into_iter())),
        Err(err) => Finding::Unknown(format!("{err:#}")),
    }
}

/// Its function has the architecture in front, where the kernel is not an old one.
fn system_call(name: &str) -> Finding {
    let Ok(functions) = crate::kallsyms::Functions::read() else {
        return Finding::Unknown("/proc/kallsyms can't be read".into());
    };
    let all = functions.matching("*sys_*");
    if all
        .iter()
        .any(|it| it.rsplit_once("sys_").is_some_and(|(_, it)| it == name))
    {
        return Finding::There;
    }
    let calls = all.iter().filter_map(|it| Some(it.rsplit_once("sys_")?.1));
    Finding::Absent(near(name, calls))
}

fn near<'a>(name: &str, all: impl Iterator<Item = &'a str>) -> Vec<String> {
    nearest(name, all).into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_names_the_hook() {
        let hook = |section| Hook::of(section);
        assert_eq!(
            hook("tp/syscalls/sys_enter_write"),
            Hook::Tracepoint("syscalls/sys_enter_write".into())
        );
        assert_eq!(
            hook("?raw_tp/sys_exit"),
            Hook::RawTracepoint("sys_exit".into())
        );
        assert_eq!(
            hook("fexit.s/do_exit"),
            Hook::TypedFunction("do_exit".into())
        );
        assert_eq!(
            hook("kprobe/do_exit+0x10"),
            Hook::Function("do_exit".into())
        );
        assert_eq!(hook("kprobe"), Hook::Function(String::new()));
        assert_eq!(hook("uprobe//bin/sh:main"), Hook::User);
        for section in ["xdp", "tp/", "kprobe.multi/vfs_*", "cgroup/connect4"] {
            assert_eq!(hook(section), Hook::Other, "{section}");
        }
    }

    #[test]
    fn this_kernel_is_asked() {
        assert_eq!(function("vfs_read"), Finding::There);
        let Finding::Absent(near) = function("vfs_raed") else {
            panic!("it is there")
        };
        assert!(near.contains(&"vfs_read".to_owned()), "{near:?}");
        assert_eq!(system_call("openat"), Finding::There);
    }
}

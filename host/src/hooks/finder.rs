mod functions;

use std::path::Path;
use std::sync::OnceLock;

use bpfapps_explain::{Code, Failure};

use super::btf::Names;
use super::{Absent, Finding, binary, tracefs};

/// The names in the kernel's BTF. There are many, and each refused program is searched for in them:
/// they are read once, like the functions.
static NAMES: OnceLock<Names> = OnceLock::new();

/// Searches for hooks.
#[derive(Debug)]
pub struct Hooks {
    events: Result<&'static Path, Failure>,
    /// The types that take the place of the kernel's.
    types: Option<Names>,
}

impl Hooks {
    /// The hooks of the running kernel; tracepoints only if tracefs is mounted.
    pub fn of_this_kernel() -> Self {
        Self {
            events: tracefs::find(),
            types: None,
        }
    }

    /// The same; mounts tracefs for this process alone if it is not mounted.
    pub fn with_tracefs() -> Self {
        let events = tracefs::find_or_mount().map_err(|err| match err.downcast() {
            Ok(failure) => failure,
            Err(err) => Failure::without_hint(format!("{err:#}")),
        });
        Self {
            events,
            ..Self::of_this_kernel()
        }
    }

    /// The same with the types in `names` instead of the kernel's.
    #[must_use]
    pub fn with_types(self, names: Names) -> Self {
        Self {
            types: Some(names),
            ..self
        }
    }

    /// Why tracefs can't be read, if it can't.
    pub fn tracefs_failure(&self) -> Option<&Failure> {
        self.events.as_ref().err()
    }

    /// A tracepoint as tracefs lists it: `sched/sched_switch`.
    pub fn tracepoint(&self, name: &str) -> Finding {
        let events = match &self.events {
            Ok(place) => place.join("events"),
            Err(failure) => return Finding::Unknown(failure.to_string()),
        };
        let is_plain = |part: &str| !part.is_empty() && !part.contains(['/', '.']);
        let plain = name
            .split_once('/')
            .is_some_and(|(category, event)| is_plain(category) && is_plain(event));
        if plain && events.join(name).join("id").is_file() {
            return Finding::There;
        }
        let all = tracefs::tracepoints(&events);
        let otherwise = format!("ls {} lists them by category", events.display());
        Absent::new(
            Code::NO_TRACEPOINT,
            "this kernel has no such tracepoint",
            otherwise,
        )
        .near(name, all.iter().map(String::as_str))
        .into()
    }

    /// A tracepoint as BTF knows it: `sched_switch`.
    pub fn raw_tracepoint(&self, name: &str) -> Finding {
        // each has a type of its own
        let all = self.names().after("btf_trace_");
        if all.contains(name) {
            return Finding::There;
        }
        // a category belongs to tracefs
        let bare = name.rsplit('/').next().unwrap_or(name);
        let absent = |otherwise: String| {
            let message = "this kernel has no such raw tracepoint";
            Absent::new(Code::NO_TRACEPOINT, message, otherwise)
        };
        if all.is_empty() {
            return match self.is_in_tracefs(bare) {
                true if bare == name => Finding::There,
                _ => no_types(),
            };
        }
        if all.contains(bare) {
            let hint = format!("it is called {bare}: only tracefs has categories");
            return absent(hint).into();
        }
        let otherwise = "they are called like the tracepoints of tracefs without the category; the \
                         system calls have two for all of them, sys_enter and sys_exit";
        absent(otherwise.to_owned())
            .near(bare, all.into_iter())
            .into()
    }

    /// A hook for security modules: `file_open`.
    pub fn lsm(&self, name: &str) -> Finding {
        let all = self.names().after("bpf_lsm_");
        if all.contains(name) {
            return Finding::There;
        }
        if all.is_empty() {
            return no_types();
        }
        Absent::new(
            Code::NO_HOOK,
            "this kernel has no such LSM hook",
            "the kernel's include/linux/lsm_hook_defs.h lists them",
        )
        .near(name, all.into_iter())
        .into()
    }

    /// The objects of a BPF iterator: `task`.
    pub fn iterator(&self, name: &str) -> Finding {
        // the program's context type is named after the iterator
        let mut all = self.names().after("bpf_iter__");
        all.retain(|name| !name.contains("__"));
        if all.contains(name) {
            return Finding::There;
        }
        if all.is_empty() {
            return no_types();
        }
        let names: Vec<_> = all.iter().copied().collect();
        let otherwise = format!("it has: {}", names.join(", "));
        let message = "this kernel has no such iterator";
        Absent::new(Code::NO_HOOK, message, otherwise)
            .near(name, all.into_iter())
            .into()
    }

    /// A struct of functions that BPF can implement, such as `tcp_congestion_ops`.
    pub fn struct_ops(&self, name: &str) -> Finding {
        if self.names().is_empty() {
            return no_types();
        }
        // the kernel has a struct of this name for each type that it supports
        let all = self.names().after("bpf_struct_ops_");
        if all.contains(name) {
            return Finding::There;
        }
        Absent::new(
            Code::NO_HOOK,
            "this kernel has no such struct",
            "it may be of a newer kernel, or of a module that is not loaded",
        )
        .near(name, all.into_iter())
        .into()
    }

    /// A program or library, by path or by name.
    pub fn binary(&self, name: &str) -> Finding {
        binary::file(name)
    }

    /// A function of a program or library.
    pub fn symbol(&self, binary: &str, name: &str) -> Finding {
        binary::function(binary, name)
    }

    /// A probe that is built into a program or library (USDT).
    pub fn probe(&self, binary: &str, provider: &str, name: &str) -> Finding {
        binary::probe(binary, provider, name)
    }

    fn names(&self) -> &Names {
        let kernels = || NAMES.get_or_init(Names::of_this_kernel);
        self.types.as_ref().unwrap_or_else(kernels)
    }

    /// For a module, or a kernel without BTF.
    fn is_in_tracefs(&self, name: &str) -> bool {
        let all = self.events.as_ref().map(|place| place.join("events"));
        let all = all.map_or_else(|_| Vec::new(), |events| tracefs::tracepoints(&events));
        let mut bare = all.iter().filter_map(|one| Some(one.rsplit_once('/')?.1));
        bare.any(|one| one == name)
    }
}

fn no_types() -> Finding {
    Finding::Unknown("the kernel's types are not known".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_kernel_is_asked() {
        let hooks = Hooks::of_this_kernel();
        assert_eq!(hooks.function("vfs_read"), Finding::There);
        let Finding::Absent(absent) = hooks.function("vfs_raed") else {
            panic!("it is there")
        };
        assert!(absent.near.contains(&"vfs_read".to_owned()), "{absent:?}");
        assert_eq!(hooks.system_call("openat"), Finding::There);
        assert!(matches!(
            hooks.functions_like("no_such_*"),
            Finding::Absent(_)
        ));
    }

    #[test]
    fn without_types_nothing_is_said_of_what_they_show() {
        let hooks = Hooks::of_this_kernel().with_types(Names::default());
        for found in [
            hooks.lsm("file_open"),
            hooks.iterator("task"),
            hooks.struct_ops("tcp_congestion_ops"),
        ] {
            assert!(matches!(found, Finding::Unknown(_)), "{found:?}");
        }
    }

    #[test]
    fn category_of_a_raw_tracepoint_is_told_to_be_none() {
        let names = Names::in_memory(b"\0btf_trace_sched_switch\0btf_trace_sys_enter\0");
        let hooks = Hooks::of_this_kernel().with_types(names);
        assert_eq!(hooks.raw_tracepoint("sched_switch"), Finding::There);
        let hint = |name| match hooks.raw_tracepoint(name) {
            Finding::Absent(absent) => absent.hint(),
            found => panic!("{found:?}"),
        };
        let expected = "it is called sched_switch: only tracefs has categories";
        assert_eq!(hint("sched/sched_switch"), expected);
        assert_eq!(hint("sched_swich"), "did you mean sched_switch?");
    }
}

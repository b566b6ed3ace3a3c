//! Searches for functions of the kernel.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};

use bpfapps_explain::{Code, nearest};

use super::{Hooks, no_types};
use crate::hooks::asked::{self, Answer};
use crate::hooks::functions::{ABSENT, Functions, SYSCALL_PREFIXES};
use crate::hooks::{Absent, Finding};

/// The functions of the kernel, if they can be read.
static FUNCTIONS: OnceLock<Option<Functions>> = OnceLock::new();

/// The similar names that were found: several programs may lack the same function.
static NEAR: Mutex<BTreeMap<String, Vec<String>>> = Mutex::new(BTreeMap::new());

impl Hooks {
    /// A function of the kernel, for kprobes.
    pub fn function(&self, name: &str) -> Finding {
        match asked::about(name) {
            Some(Answer::One) => Finding::There,
            Some(Answer::Several) => Absent::new(
                Code::NOT_TRACEABLE,
                "this kernel has several functions of that name",
                "trace a caller or a callee instead",
            )
            .into(),
            Some(Answer::Untraced) => untraced().into(),
            Some(Answer::None) => self.no_function(name),
            None => match self.functions() {
                Some(all) if all.has(name) => Finding::There,
                Some(_) => self.no_function(name),
                None => no_functions(),
            },
        }
    }

    /// The similar names are those of BTF: to write all names takes an emulated kernel half a second.
    /// A function that only BTF has was renamed by the compiler.
    fn no_function(&self, name: &str) -> Finding {
        let search = || {
            let typed = self.names();
            if typed.functions().next().is_none() || typed.has_function(name) {
                return self.functions().map_or_else(Vec::new, |all| all.near(name));
            }
            nearest(name, typed.functions())
                .into_iter()
                .map(str::to_owned)
                .collect()
        };
        let near = match NEAR.lock() {
            Ok(mut known) => known.entry(name.to_owned()).or_insert_with(search).clone(),
            Err(_) => search(),
        };
        let message = "this kernel has no such function";
        Absent::new(Code::NO_FUNCTION, message, ABSENT)
            .with_near(near)
            .into()
    }

    /// A function of the kernel with the types of its arguments, for fentry and fexit.
    pub fn typed_function(&self, name: &str) -> Finding {
        let names = self.names();
        if names.has_function(name) {
            return match asked::about(name) {
                Some(Answer::Untraced) if !self.is_traced(name) => untraced().into(),
                _ => Finding::There,
            };
        }
        match self.function(name) {
            Finding::There if names.is_empty() => no_types(),
            Finding::There => Absent::new(
                Code::NOT_TRACEABLE,
                "the kernel has that function, but its BTF does not",
                "the compiler has changed its arguments, or it is written in assembly: a kprobe \
                 can still be put on it",
            )
            .into(),
            found => found,
        }
    }

    /// True if only kprobes are forbidden on a function, or if that is unknown.
    fn is_traced(&self, name: &str) -> bool {
        self.tracefs_failure().is_some() || Functions::traceable().map_or(true, |all| all.has(name))
    }

    /// The kernel functions that match a pattern, in which `*` matches anything.
    pub fn functions_like(&self, pattern: &str) -> Finding {
        let Some(all) = self.functions() else {
            return no_functions();
        };
        match all.matching(pattern).is_empty() {
            false => Finding::There,
            true => Absent::new(
                Code::NO_FUNCTION,
                "this kernel has none that match",
                "see /proc/kallsyms; * matches anything",
            )
            .into(),
        }
    }

    /// A system call: its function has the architecture in front.
    pub fn system_call(&self, name: &str) -> Finding {
        let mut functions = SYSCALL_PREFIXES
            .iter()
            .map(|prefix| format!("{prefix}{name}"));
        if functions.any(|function| asked::about(&function) == Some(Answer::One)) {
            return Finding::There;
        }
        let Some(all) = self.functions() else {
            return no_functions();
        };
        let prefixes = SYSCALL_PREFIXES.into_iter();
        let calls: Vec<_> = prefixes.flat_map(|prefix| all.behind(prefix)).collect();
        if calls.is_empty() {
            return Finding::Unknown("/proc/kallsyms names no system call".into());
        }
        if calls.contains(&name) {
            return Finding::There;
        }
        Absent::new(
            Code::NO_FUNCTION,
            "this kernel has no such system call",
            "man 2 syscalls lists them; the C library may have another name for one",
        )
        .near(name, calls.into_iter())
        .into()
    }

    fn functions(&self) -> Option<&Functions> {
        FUNCTIONS.get_or_init(|| Functions::read().ok()).as_ref()
    }
}

fn untraced() -> Absent {
    Absent::new(
        Code::NOT_TRACEABLE,
        "the kernel does not allow tracing it",
        "see available_filter_functions in tracefs and /sys/kernel/debug/kprobes/blacklist; trace a \
         caller or a callee instead",
    )
}

fn no_functions() -> Finding {
    Finding::Unknown("/proc/kallsyms can't be read, or names no function".into())
}

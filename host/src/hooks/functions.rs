//! The functions of the running kernel, by name.

use std::collections::BTreeSet;
use std::{fs, iter};

use anyhow::{Context, Result};
use bpfapps_explain::{Code, Failure, did_you_mean, nearest};
use log::info;
use memchr::memmem::Finder;
use memchr::{memchr, memchr_iter};

use super::tracefs;

const FILE: &str = "/proc/kallsyms";

/// The hint for a missing function without similar names.
pub(super) const ABSENT: &str =
    "see /proc/kallsyms, which does not list a function that is inlined everywhere";

/// The prefixes of the kernel's functions for system calls.
pub(super) const SYSCALL_PREFIXES: [&str; 3] = ["__x64_sys_", "__arm64_sys_", "__se_sys_"];

/// Suffixes of functions that the compiler has cloned with other arguments.
const VARIANTS: [&str; 2] = [".isra.", ".constprop."];

/// The functions that the kernel and its modules have.
#[derive(Debug)]
pub struct Functions {
    /// Each name between two line ends, in the order of the file: there are more than a hundred
    /// thousand, and a search through them takes less time than a set of them.
    names: String,
}

impl Functions {
    /// Reads them from /proc/kallsyms.
    ///
    /// # Errors
    ///
    /// It can't be read, or names none.
    pub fn read() -> Result<Self> {
        let text = fs::read(FILE).with_context(|| format!("failed to read {FILE}"))?;
        let functions = Self::parse(&text);
        anyhow::ensure!(!functions.is_empty(), "{FILE} names no function");
        Ok(functions)
    }

    /// Only the functions of the kernel itself that kprobe.multi can trace, as listed in tracefs.
    ///
    /// # Errors
    ///
    /// tracefs can't be read, or the kernel has no such list.
    pub fn traceable() -> Result<Self> {
        let file = tracefs::find_or_mount()?.join("available_filter_functions");
        let text = fs::read_to_string(&file).context(Failure::new(
            "this kernel does not list the functions that can be traced",
            "it is built without CONFIG_DYNAMIC_FTRACE, or locked down",
        ))?;
        Ok(Self::parse_traceable(&text))
    }

    /// A line has a name, and for a module's function the module.
    fn parse_traceable(text: &str) -> Self {
        let names = text.lines().filter(|line| !line.contains(' '));
        Self::of(names)
    }

    /// A line has an address, a type, a name, and for a module's function the module.
    fn parse(text: &[u8]) -> Self {
        // all addresses have the same number of digits
        let digits = memchr(b' ', text).unwrap_or_default();
        let mut start = 0;
        let lines = memchr_iter(b'\n', text).map(|end| {
            let line = &text[start..end];
            start = end + 1;
            line
        });
        Self::of(lines.filter_map(|line| {
            let [b' ', b't' | b'T' | b'w' | b'W', b' ', name @ ..] = line.get(digits..)? else {
                return None;
            };
            let module = name.ends_with(b"]").then(|| memchr(b'\t', name)).flatten();
            str::from_utf8(&name[..module.unwrap_or(name.len())]).ok()
        }))
    }

    fn of<'a>(all: impl Iterator<Item = &'a str>) -> Self {
        let mut names = "\n".to_owned();
        for name in all {
            names.push_str(name);
            names.push('\n');
        }
        Self { names }
    }

    fn is_empty(&self) -> bool {
        self.names().next().is_none()
    }

    /// The first of `candidates` that this kernel has, or else a clone of one that the compiler
    /// made. The choice is logged if it is not the first candidate.
    ///
    /// # Errors
    ///
    /// It has none of them.
    pub fn first_of<'a>(&'a self, candidates: &[impl AsRef<str>]) -> Result<&'a str> {
        let mut names = candidates.iter().map(AsRef::as_ref);
        let exact = names.find_map(|name| self.starting(name, "\n").next());
        let variant = || {
            candidates
                .iter()
                .find_map(|name| self.variant(name.as_ref()))
        };
        let found = exact.or_else(variant);
        let found = found.ok_or_else(|| self.failure(candidates))?;
        if candidates
            .first()
            .is_none_or(|first| first.as_ref() != found)
        {
            info!("this kernel has the function {found}");
        }
        Ok(found)
    }

    /// True if there is a function of exactly this name.
    pub fn has(&self, name: &str) -> bool {
        self.starting(name, "\n").next().is_some()
    }

    /// All names. A static function of several files is there several times.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.lines().skip(1)
    }

    /// The names similar to `name`, the most similar first.
    pub fn near(&self, name: &str) -> Vec<String> {
        let near = nearest(name, self.names()).into_iter();
        near.map(str::to_owned).collect()
    }

    /// The rest of each name that starts with `prefix`.
    pub fn behind(&self, prefix: &str) -> impl Iterator<Item = &str> {
        let names = self.starting(prefix, "");
        names.map(move |name| &name[prefix.len()..])
    }

    /// The names that start with `name`, if `then` is what follows.
    fn starting(&self, name: &str, then: &str) -> impl Iterator<Item = &str> {
        let start = ["\n", name, then].concat();
        let all = Finder::new(&start).into_owned();
        let mut rest = &*self.names;
        iter::from_fn(move || {
            rest = &rest[all.find(rest.as_bytes())? + 1..];
            rest.lines().next()
        })
    }

    fn failure(&self, candidates: &[impl AsRef<str>]) -> Failure {
        let names = candidates.iter().map(AsRef::as_ref);
        let quoted: Vec<_> = names.clone().map(|name| format!("`{name}`")).collect();
        let near: Vec<_> = names.flat_map(|name| self.near(name)).collect();
        let near: Vec<_> = near.iter().take(3).map(String::as_str).collect();
        Failure::new(
            format!("this kernel has no function {}", quoted.join(" or ")),
            did_you_mean(&near).unwrap_or_else(|| ABSENT.to_owned()),
        )
        .code(Code::NO_FUNCTION)
    }

    fn variant(&self, name: &str) -> Option<&str> {
        let mut all = VARIANTS.iter();
        all.find_map(|infix| self.starting(name, infix).min())
    }

    /// The functions whose names match `pattern`, in which `*` matches anything, sorted.
    pub fn matching(&self, pattern: &str) -> Vec<&str> {
        let found: BTreeSet<_> = self.names().filter(|name| matches(pattern, name)).collect();
        found.into_iter().collect()
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(name) = name.strip_prefix(start) else {
        return false;
    };
    let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
    ends.into_iter().any(|at| matches(rest, &name[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KALLSYMS: &[u8] = b"\
        ffffffff81000000 T _text\n\
        ffffffff816cbe90 T vfs_unlink\n\
        ffffffff816cbf90 t do_thing.constprop.0\n\
        ffffffff816cbfa0 t do_thing.cold\n\
        ffffffff82000000 D jiffies\n\
        ffffffffc0000000 t vfs_mine\t[module]\n";

    #[test]
    fn the_first_that_is_there_is_taken() {
        let functions = Functions::parse(KALLSYMS);
        let first_of = |names: &[&str]| functions.first_of(names).map_err(|err| err.to_string());
        assert_eq!(first_of(&["vfs_unlink"]), Ok("vfs_unlink"));
        assert_eq!(
            first_of(&["gone", "vfs_mine", "vfs_unlink"]),
            Ok("vfs_mine")
        );
        assert_eq!(first_of(&["do_thing"]), Ok("do_thing.constprop.0"));
        assert_eq!(
            first_of(&["jiffies", "do_t"]),
            Err("this kernel has no function `jiffies` or `do_t`".to_owned())
        );
    }

    #[test]
    fn a_star_stands_for_anything() {
        let functions = Functions::parse(KALLSYMS);
        assert_eq!(functions.matching("vfs_*"), ["vfs_mine", "vfs_unlink"]);
        assert_eq!(
            functions.matching("*th*.c*"),
            ["do_thing.cold", "do_thing.constprop.0"]
        );
        assert_eq!(functions.matching("vfs_unlink"), ["vfs_unlink"]);
        assert!(functions.matching("vfs").is_empty());
    }

    #[test]
    fn functions_of_modules_are_left_out() {
        let functions = Functions::parse_traceable("vfs_read\nvfs_mine [module]\nvfs_read\n");
        assert_eq!(functions.matching("*"), ["vfs_read"]);
    }

    #[test]
    fn this_kernel_has_functions() -> Result<()> {
        assert_eq!(Functions::read()?.first_of(&["vfs_read"])?, "vfs_read");
        Ok(())
    }
}

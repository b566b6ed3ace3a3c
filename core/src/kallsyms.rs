//! The functions of the running kernel, by name.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Error, Result};
use log::info;

use crate::{Failure, tracefs};

const FILE: &str = "/proc/kallsyms";

/// Behind the name of a function of which the compiler has made a variant with other arguments.
const VARIANTS: [&str; 2] = [".isra.", ".constprop."];

/// The functions that the kernel and its modules have.
#[derive(Debug)]
pub struct Functions {
    names: BTreeSet<String>,
}

impl Functions {
    /// Reads them from /proc/kallsyms.
    ///
    /// # Errors
    ///
    /// It can't be read, or names none.
    pub fn read() -> Result<Self> {
        let text = fs::read_to_string(FILE).with_context(|| format!("failed to read {FILE}"))?;
        let functions = Self::parse(&text);
        anyhow::ensure!(!functions.names.is_empty(), "{FILE} names no function");
        Ok(functions)
    }

    /// Only those of the kernel itself that can be traced many at once: tracefs lists them.
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

    /// A line is: name, and where it is in a module the module's.
    fn parse_traceable(text: &str) -> Self {
        let names = text.lines().filter(|line| !line.contains(' '));
        Self {
            names: names.map(str::to_owned).collect(),
        }
    }

    /// A line is: address, type, name, and where it is in a module the module's.
    fn parse(text: &str) -> Self {
        let function = |line: &str| {
            let mut words = line.split_ascii_whitespace().skip(1);
            let is_code = matches!(words.next()?, "t" | "T" | "w" | "W");
            Some(words.next().filter(|_| is_code)?.to_owned())
        };
        Self {
            names: text.lines().filter_map(function).collect(),
        }
    }

    /// The first of `candidates` that this kernel has, or else a variant that the compiler has made
    /// of one; the choice is logged where it is not the first.
    ///
    /// # Errors
    ///
    /// It has none of them.
    pub fn first_of<'a>(&'a self, candidates: &[impl AsRef<str>]) -> Result<&'a str> {
        let exact = candidates
            .iter()
            .find_map(|name| self.names.get(name.as_ref()));
        let variant = || {
            candidates
                .iter()
                .find_map(|name| self.variant(name.as_ref()))
        };
        let found = exact.map(String::as_str).or_else(variant);
        let found = found.ok_or_else(|| missing(candidates))?;
        if candidates
            .first()
            .is_none_or(|first| first.as_ref() != found)
        {
            info!("this kernel has the function {found}");
        }
        Ok(found)
    }

    fn variant(&self, name: &str) -> Option<&str> {
        VARIANTS.iter().find_map(|infix| {
            let start = format!("{name}{infix}");
            let first = self.names.range(start.clone()..).next()?;
            first.starts_with(&start).then_some(first.as_str())
        })
    }

    /// The functions whose names match `pattern`, in which `*` stands for anything.
    pub fn matching(&self, pattern: &str) -> Vec<&str> {
        let names = self.names.iter().map(String::as_str);
        names.filter(|name| matches(pattern, name)).collect()
    }
}

/// Whether this kernel has kprobes.
pub fn has_kprobes() -> bool {
    Path::new("/sys/bus/event_source/devices/kprobe").exists()
}

fn missing(candidates: &[impl AsRef<str>]) -> Error {
    let names: Vec<_> = candidates
        .iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    Failure::new(
        format!("this kernel has no function {}", names.join(" or ")),
        format!("look into {FILE}; a function that is inlined wherever it is called is not there"),
    )
    .into()
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

    const KALLSYMS: &str = "\
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

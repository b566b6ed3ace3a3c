//! The names in BTF, which show how a kernel was built.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Result;
use memchr::memchr;
use memchr::memmem::Finder;
use object::{File, Object as _, ObjectSection as _};

use super::typed::Types;
use crate::files;

/// The running kernel's own BTF.
pub const KERNEL: &str = "/sys/kernel/btf/vmlinux";

/// A vmlinux with all its debug information is the largest file that has BTF in it, in bytes.
pub const LARGEST: u64 = 1 << 30;

/// One file for the kernel itself, and one for each module.
const FOLDER: &str = "/sys/kernel/btf";

/// The names of types, functions and constants in BTF, read without libbpf: a sequence of strings
/// that each end with a NUL.
#[derive(Debug, Default)]
pub struct Names {
    /// The kernel's own, on which those of modules build.
    files: Vec<Vec<u8>>,
}

impl Names {
    /// The names of the running kernel and its modules; none without BTF.
    pub fn of_this_kernel() -> Self {
        let files = fs::read_dir(FOLDER).into_iter().flatten();
        let files = files.filter_map(|file| Some(file.ok()?.path()));
        let modules = files.filter(|file| file != Path::new(KERNEL));
        let all = [KERNEL.into()].into_iter().chain(modules);
        Self {
            files: all.filter_map(|file| fs::read(file).ok()).collect(),
        }
    }

    /// The names in a file, which may be a vmlinux with BTF.
    ///
    /// # Errors
    ///
    /// It can't be read.
    pub fn in_file(file: &Path) -> Result<Self> {
        let bytes = files::read(file, LARGEST)?;
        let elf = File::parse(&*bytes).ok();
        let section = elf.as_ref().and_then(|elf| elf.section_by_name(".BTF"));
        let data = section.and_then(|section| Some(section.data().ok()?.to_vec()));
        Ok(Self {
            files: vec![data.unwrap_or(bytes)],
        })
    }

    #[cfg(test)]
    pub(super) fn in_memory(btf: &[u8]) -> Self {
        Self {
            files: vec![btf.to_vec()],
        }
    }

    /// True without any BTF.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The functions of the kernel and its modules that have types.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.types().flat_map(|types| types.functions())
    }

    /// True if a function of that name has types.
    pub fn has_function(&self, name: &str) -> bool {
        self.types().any(|types| types.has_function(name))
    }

    fn types(&self) -> impl Iterator<Item = Types<'_>> {
        let base = self.files.first().map(Vec::as_slice);
        let all = self.files.iter().enumerate();
        all.filter_map(move |(at, file)| Types::of(file, base.filter(|_| at > 0)))
    }

    /// The rest of each name that starts with `prefix`, without duplicates.
    pub fn after(&self, prefix: &str) -> BTreeSet<&str> {
        let start = ["\0", prefix].concat();
        let finder = Finder::new(&start);
        let mut found = BTreeSet::new();
        for file in &self.files {
            for at in finder.find_iter(file) {
                let rest = &file[at + start.len()..];
                let end = memchr(0, rest).unwrap_or(rest.len());
                found.extend(str::from_utf8(&rest[..end]));
            }
        }
        found
    }

    /// True if a type, function or constant has that name.
    pub fn has(&self, name: &str) -> bool {
        let whole = [b"\0", name.as_bytes(), b"\0"].concat();
        let finder = Finder::new(&whole);
        self.files.iter().any(|file| finder.find(file).is_some())
    }
}

/// True if the kernel itself has a type, function or constant of that name. `None` if it does not
/// show its BTF.
pub fn kernel_has(name: &str) -> Option<bool> {
    let names = Names::in_file(Path::new(KERNEL)).ok()?;
    Some(names.has(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_between_zeros() {
        let names = Names {
            files: vec![
                b"\0int\0btf_trace_b\0".to_vec(),
                b"\0btf_trace_a\0btf_trace_b".to_vec(),
            ],
        };
        assert_eq!(names.after("btf_trace_"), ["a", "b"].into());
        assert!(names.has("int") && !names.has("in"));
    }
}

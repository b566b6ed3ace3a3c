//! BPF object files: whether the kernel takes them, and what they ask of it.

mod code;
mod demands;
pub(crate) mod elf;
mod helpers;
mod hook;
mod lines;
mod relocations;
mod types;

use std::borrow::Cow;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use libbpf_rs::{ObjectBuilder, OpenObject};

pub(crate) use lines::Lines;

use crate::refusal::{self, Loading, Programs};
use crate::{Needs, memlock};

pub use demands::{Demands, Extern, Program};
pub use helpers::Helper;
pub use hook::{Finding, Hook};
pub use types::{Types, Wanted};

/// A BPF object file. [`skeleton!`](crate::skeleton) lists those in this binary.
pub struct Object {
    /// What its `.bpf.c` is called.
    pub name: Cow<'static, str>,
    /// The Cargo package that it is in: none, where it is a file.
    pub package: Option<&'static str>,
    /// The object file, an ELF file.
    pub bytes: Cow<'static, [u8]>,
}

impl Object {
    /// The object file of `name`, which lives in `package`.
    pub const fn new(name: &'static str, package: &'static str, bytes: &'static [u8]) -> Self {
        Self {
            name: Cow::Borrowed(name),
            package: Some(package),
            bytes: Cow::Borrowed(bytes),
        }
    }

    /// Every object file in this binary, in no order.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        inventory::iter::<Self>()
    }

    /// The one in a skeleton, by the name that libbpf-cargo gives it.
    pub(crate) fn of_skeleton(name: &str) -> Option<&'static Self> {
        let name = name.strip_suffix("_bpf")?;
        Self::all().find(|object| object.name == name)
    }

    /// Reads one, which need not have been built here.
    ///
    /// # Errors
    ///
    /// There is no such file, or it can't be read.
    pub fn read(file: &Path) -> Result<Self> {
        let bytes = fs::read(file).with_context(|| format!("failed to read {}", file.display()))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let name = name.split('.').next().unwrap_or_default();
        Ok(Self {
            name: name.to_owned().into(),
            package: None,
            bytes: bytes.into(),
        })
    }

    /// Has the kernel verify all of it, and leaves nothing behind: to know whether it would load.
    ///
    /// # Errors
    ///
    /// libbpf can't read it, or the kernel refuses a map or a program.
    pub fn try_load(&self) -> Result<()> {
        self.load(self.open()?)
    }

    /// The same of one program alone, as if it were the only one.
    ///
    /// # Errors
    ///
    /// As [`Object::try_load`].
    pub fn try_program(&self, name: &str) -> Result<()> {
        let mut open = self.open()?;
        for mut program in open.progs_mut() {
            let is_it = program.name() == name;
            program.set_autoload(is_it);
        }
        self.load(open)
    }

    /// What it asks of the kernel, found in itself.
    ///
    /// # Errors
    ///
    /// It is no BPF object, or none for this machine.
    pub fn demands(&self) -> Result<Demands> {
        Demands::of(self)
    }

    fn open(&self) -> Result<OpenObject> {
        let mut builder = ObjectBuilder::default();
        refusal::open(Some(self), || {
            builder.name(&self.name)?.open_memory(&self.bytes)
        })
    }

    fn load(&self, open: OpenObject) -> Result<()> {
        memlock::raise();
        let loading = Loading {
            programs: Programs::of(&open),
            needs: &Needs::NONE,
            uses_ring_buffer: false,
            btf: None,
        };
        refusal::load(&loading, || Some(self), || open.load()).map(drop)
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("name", &self.name)
            .field("package", &self.package)
            .finish_non_exhaustive()
    }
}

inventory::collect!(Object);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_in_this_binary_is_listed() {
        let trace = Object::all().find(|object| object.name == "trace");
        let trace = trace.expect("core's own object");
        assert_eq!(trace.package, Some("bpfapps-core"));
        assert!(trace.bytes.starts_with(b"\x7fELF"));
    }
}

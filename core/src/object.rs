mod code;
mod lines;

use std::borrow::Cow;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use libbpf_rs::ObjectBuilder;

pub(crate) use lines::Lines;

use crate::{Needs, memlock, refusal};

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
        memlock::raise();
        let mut builder = ObjectBuilder::default();
        let open = || builder.name(&self.name)?.open_memory(&self.bytes);
        let open = refusal::open(open, || Some(self))?;
        refusal::load(|| open.load(), || Some(self), &Needs::NONE, false).map(drop)
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

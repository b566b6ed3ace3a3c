//! BPF object files: what is in them, and what they ask of the kernel.

mod code;
mod demands;
mod elf;
mod ext;
mod helpers;
mod lines;
mod relocations;
mod types;

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use anyhow::Result;
use bpfapps_explain::Failure;
use bpfapps_host::files;
use libbpf_rs::{ObjectBuilder, OpenObject};

pub use demands::{Demands, Extern, Program};
pub use helpers::Helper;
pub use lines::Lines;
pub use types::{Types, Wanted};

/// No BPF object is larger, in bytes.
const LARGEST: u64 = 64 << 20;

/// A BPF object file.
#[derive(Clone)]
pub struct Object<'a> {
    /// What its `.bpf.c` is called.
    pub name: Cow<'a, str>,
    /// What is in it: an ELF file.
    pub bytes: Cow<'a, [u8]>,
}

impl<'a> Object<'a> {
    /// The object file of `name`.
    pub const fn new(name: &'a str, bytes: &'a [u8]) -> Self {
        Self {
            name: Cow::Borrowed(name),
            bytes: Cow::Borrowed(bytes),
        }
    }

    /// Reads one, which need not have been built here.
    ///
    /// # Errors
    ///
    /// There is no such file, or it can't be read.
    pub fn read(file: &Path) -> Result<Self> {
        let bytes = files::read(file, LARGEST)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let name = name.split('.').next().unwrap_or_default();
        Ok(Self {
            name: name.to_owned().into(),
            bytes: bytes.into(),
        })
    }

    /// Whether libbpf can read it on this machine. Of what is no object it would say nothing, and
    /// one of another byte order it would open.
    ///
    /// # Errors
    ///
    /// What it is instead.
    pub fn check(&self) -> Result<(), Failure> {
        elf::parse(&self.bytes).map(drop)
    }

    /// What has libbpf open it, by `open_memory`.
    ///
    /// # Errors
    ///
    /// Its name has a zero in it.
    pub fn builder(&self) -> Result<ObjectBuilder> {
        let mut builder = ObjectBuilder::default();
        builder.name(&self.name)?;
        Ok(builder)
    }

    /// What it asks of the kernel, found in itself and in what libbpf has made of it.
    ///
    /// # Errors
    ///
    /// It is damaged.
    pub fn demands(&self, open: &OpenObject) -> Result<Demands> {
        Demands::of(self, open)
    }
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

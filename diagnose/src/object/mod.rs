//! BPF object files: their contents, and their requirements on the kernel.

mod code;
mod demands;
mod helpers;
mod lines;
mod reach;
mod relocations;
mod source;
mod types;
mod unset;

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use anyhow::Result;
use bpfapps_btf::elf;
use bpfapps_explain::Failure;
use bpfapps_host::files;
use libbpf_rs::{ObjectBuilder, OpenObject};

pub use demands::{Demands, Extern, Program};
pub use helpers::Helper;
pub use lines::Lines;
pub use types::{Types, Wanted};
pub use unset::{Unset, complete, shrink};

/// Maximum size of a BPF object, in bytes.
const LARGEST: u64 = 64 << 20;

/// A BPF object file.
#[derive(Clone)]
pub struct Object<'a> {
    /// The name of its source, without `.bpf.c`.
    pub name: Cow<'a, str>,
    /// The contents: an ELF file.
    pub bytes: Cow<'a, [u8]>,
}

impl<'a> Object<'a> {
    /// Creates the object `name` from its contents.
    pub const fn new(name: &'a str, bytes: &'a [u8]) -> Self {
        Self {
            name: Cow::Borrowed(name),
            bytes: Cow::Borrowed(bytes),
        }
    }

    /// Reads an object file, built anywhere.
    ///
    /// # Errors
    ///
    /// The file does not exist or cannot be read.
    pub fn read(file: &Path) -> Result<Self> {
        let bytes = files::read(file, LARGEST)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let name = name.split('.').next().unwrap_or_default();
        Ok(Self {
            name: name.to_owned().into(),
            bytes: bytes.into(),
        })
    }

    /// Checks that libbpf can read it on this machine. libbpf itself gives no reason for a file
    /// that is not an object, and opens an object of the other byte order.
    ///
    /// # Errors
    ///
    /// It is not such an object; the error says why.
    pub fn check(&self) -> Result<(), Failure> {
        elf::parse(&self.bytes).map(drop)
    }

    /// A builder with the object's name, for `open_memory`.
    ///
    /// # Errors
    ///
    /// The name contains a NUL byte.
    pub fn builder(&self) -> Result<ObjectBuilder> {
        let mut builder = ObjectBuilder::default();
        builder.name(&self.name)?;
        Ok(builder)
    }

    /// Its requirements on the kernel, from the file and from libbpf's open object.
    ///
    /// # Errors
    ///
    /// The object is damaged.
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

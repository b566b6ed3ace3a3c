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
use std::ffi::OsStr;
use std::fmt;
use std::path::Path;

use anyhow::Result;
use bpfapps_btf::elf;
use bpfapps_explain::Failure;
use bpfapps_host::files;
use libbpf_rs::{AsRawLibbpf as _, MapType, ObjectBuilder, OpenMapMut, OpenObject};

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

/// Leaves only the programs that are `wanted` to be loaded, also of a struct_ops: libbpf loads all
/// programs that its maps name.
pub fn only(open: &mut OpenObject, wanted: impl Fn(&OsStr) -> bool) {
    let mut others = Vec::new();
    let mut own = Vec::new();
    for mut program in open.progs_mut() {
        let is_wanted = wanted(program.name());
        program.set_autoload(is_wanted);
        let address = program.as_libbpf_object().as_ptr() as usize;
        if is_wanted { &mut own } else { &mut others }.push(address);
    }
    let is_struct_ops = |map: &OpenMapMut<'_>| map.map_type() == MapType::StructOps;
    for mut map in open.maps_mut().filter(is_struct_ops) {
        let mut has_own = false;
        // it holds the addresses of the programs, until it is loaded
        let value = map.initial_value_mut().unwrap_or_default();
        for slot in value.chunks_exact_mut(size_of::<usize>()) {
            let Ok(bytes) = <[u8; size_of::<usize>()]>::try_from(&*slot) else {
                continue;
            };
            let address = usize::from_ne_bytes(bytes);
            has_own |= own.contains(&address);
            if others.contains(&address) {
                slot.fill(0);
            }
        }
        if !has_own {
            // a refusal shows in the load
            let _ = map.set_autocreate(false);
        }
    }
}

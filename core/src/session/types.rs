//! The kernel's types, as its BTF has them.

mod bundled;

use std::fmt;
use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bpfapps_btf::Bundle;
use bpfapps_explain::{Code, Failure};
use bpfapps_host::hooks::btf;
use libbpf_rs::btf::types::{Func, FuncProto, Ptr, Struct};
use libbpf_rs::btf::{Btf, ReferencesType as _};

use super::{Embedded, Needs, Options, Session};

/// An open file with the kernel's types: libbpf reads the file that was checked.
#[derive(Debug)]
pub struct KernelTypes {
    /// Where they are from.
    pub origin: Origin,
    pub(super) file: File,
}

/// Where types are from that the kernel does not provide itself.
#[derive(Debug)]
pub enum Origin {
    /// A file, with its path on the command line.
    Named(PathBuf),
    /// A bundle, which has the types that some objects read.
    Bundle {
        /// Its place, in words.
        place: &'static str,
        /// The bundle.
        bundle: Box<Bundle>,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(path) => path.display().fmt(f),
            Self::Bundle { place, .. } => f.write_str(place),
        }
    }
}

impl KernelTypes {
    /// Those of the command line, or, on a kernel without BTF, those of a bundle. `None` where the
    /// kernel's own will do, or none is needed.
    pub(super) fn wanted(options: &Options, needs: Needs) -> Result<Option<Self>> {
        match options.types()? {
            None if needs.btf && !Path::new(btf::KERNEL).exists() => Self::bundled().map(Some),
            types => Ok(types),
        }
    }

    /// A path to the open file.
    pub fn path(&self) -> PathBuf {
        Path::new("/proc/self/fd").join(self.file.as_raw_fd().to_string())
    }

    /// The path on the command line, if they are from there.
    pub fn named(&self) -> Option<&Path> {
        match &self.origin {
            Origin::Named(path) => Some(path),
            Origin::Bundle { .. } => None,
        }
    }

    /// Refuses an object that reads what a bundle was not made for: it would take a field for one
    /// that this kernel does not have.
    pub(super) fn suit(&self, skeleton: &str) -> Result<()> {
        let object = Embedded::of_skeleton(skeleton).map(Embedded::object);
        let (Some(object), Origin::Bundle { place, bundle }) = (object, &self.origin) else {
            return Ok(());
        };
        match bundle.lacks(&object.bytes)? {
            None => Ok(()),
            Some(read) => Err(Failure::new(
                format!(
                    "{place} is not made for this {}: it lacks the {read}",
                    object.name
                ),
                "make it with the objects of this very program: cargo xtask btf bundle",
            )
            .code(Code::NO_BTF)
            .into()),
        }
    }
}

impl Session {
    /// Which argument of a kernel function is a pointer to `struct name`, counted from 1: that differs
    /// from one kernel to the next. `None` if none is, or BTF does not have the function.
    ///
    /// # Errors
    ///
    /// The kernel's BTF can't be read.
    pub fn argument_of(&self, function: &str, name: &str) -> Result<Option<u32>> {
        let types = self.types.as_ref();
        let file = types.map_or_else(|| PathBuf::from(btf::KERNEL), KernelTypes::path);
        let btf = Btf::from_path(&file);
        let btf = btf.context("failed to read the kernel's BTF")?;
        Ok(place(&btf, function, name))
    }
}

fn place(btf: &Btf<'_>, function: &str, name: &str) -> Option<u32> {
    let prototype: Func<'_> = btf.type_by_name(function)?;
    let prototype = FuncProto::try_from(prototype.referenced_type()).ok()?;
    let is_it = |parameter: &libbpf_rs::btf::types::FuncProtoParam<'_>| {
        let ty = btf.type_by_id::<Ptr<'_>>(parameter.ty)?;
        let pointee = Struct::try_from(ty.referenced_type().skip_mods_and_typedefs()).ok()?;
        (pointee.name()?.to_str()? == name).then_some(())
    };
    let mut places = (1..).zip(prototype.iter());
    let (place, _) = places.find(|(_, parameter)| is_it(parameter).is_some())?;
    Some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::print_stderr, reason = "a test that cannot run says so")]
    fn dentry_of_vfs_unlink_is_found() {
        let Ok(btf) = Btf::from_path(btf::KERNEL) else {
            return eprintln!("skipped: this kernel has no BTF");
        };
        let place = |name| place(&btf, "vfs_unlink", name);
        let (inode, dentry) = (place("inode"), place("dentry"));
        assert_eq!(dentry, inode.map(|inode| inode + 1));
        assert!(dentry.is_some() && place("file").is_none());
    }
}

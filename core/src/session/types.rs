//! The kernel's types, as its BTF has them.

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bpfapps_host::hooks::btf;
use libbpf_rs::btf::types::{Func, FuncProto, Ptr, Struct};
use libbpf_rs::btf::{Btf, ReferencesType as _};

use super::Session;

/// An open file with the kernel's types: libbpf reads the file that was checked.
#[derive(Debug)]
pub struct KernelTypes {
    /// Its path on the command line.
    pub named: PathBuf,
    pub(super) file: File,
}

impl KernelTypes {
    /// A path to the open file.
    pub fn path(&self) -> PathBuf {
        Path::new("/proc/self/fd").join(self.file.as_raw_fd().to_string())
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

//! Kernels out of files, folders and packages, one after the other.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bpfapps_btf::Kernel;
use bpfapps_host::hooks::btf;
use bpfapps_host::{Release, platform};
use bpfapps_vm::Image;

use super::image::Found;
use super::{Wanted, folder};
use crate::out;

/// A kernel that is looked at next.
pub(super) enum Source {
    /// A file that states its names itself, if it is an image.
    File(PathBuf),
    /// A file in a folder, whose path has them.
    InFolder(PathBuf, Kernel),
    /// A package of Debian.
    Package(Image),
}

/// Types with the names of their kernel. A file of BTF alone has none.
pub(super) struct Named {
    pub(super) types: Vec<u8>,
    pub(super) kernel: Option<Kernel>,
}

pub(super) fn all(wanted: &Wanted) -> Result<Vec<Source>> {
    let mut sources: Vec<_> = wanted.files.iter().cloned().map(Source::File).collect();
    for folder in &wanted.folders {
        let files = folder::files(folder)?.into_iter();
        sources.extend(files.map(|(file, kernel)| Source::InFolder(file, kernel)));
    }
    let images = Image::of_packages(&wanted.packages)?.into_iter();
    sources.extend(images.map(Source::Package));
    Ok(sources)
}

impl Source {
    pub(super) fn name(&self) -> String {
        match self {
            Self::File(path) | Self::InFolder(path, _) => path.display().to_string(),
            Self::Package(image) => image.package.clone(),
        }
    }

    pub(super) fn read(&self) -> Result<Named> {
        match self {
            Self::File(path) => of_file(path),
            Self::InFolder(path, kernel) => Ok(Named {
                types: folder::read(path)?,
                kernel: Some(kernel.clone()),
            }),
            Self::Package(image) => {
                let found = Found::read(fs::read(image.file()?)?)?;
                let kernel = found.kernel.context("it does not state its version")?;
                Ok(Named {
                    types: found.types,
                    kernel: Some(Kernel {
                        distribution: "debian".to_owned(),
                        version: image.version_id.to_owned(),
                        ..kernel
                    }),
                })
            }
        }
    }
}

fn of_file(path: &Path) -> Result<Named> {
    let found = Found::read(fs::read(path).context("failed to read it")?)?;
    let kernel = match path == Path::new(btf::KERNEL) {
        true => Some(running()?),
        false => found.kernel,
    };
    Ok(Named {
        types: found.types,
        kernel,
    })
}

/// The kernel of this machine.
fn running() -> Result<Kernel> {
    let (distribution, version) = platform::distribution();
    Ok(Kernel {
        distribution,
        version,
        machine: std::env::consts::ARCH.to_owned(),
        release: Release::running_name()?,
        build: Release::running_build()?,
    })
}

/// A bundle finds kernels by their names.
pub(super) fn nameless(source: &Source) -> anyhow::Error {
    out::hinted(
        format!("{} is BTF of an unknown kernel", source.name()),
        "put it in a folder as ID/VERSION_ID/ARCHITECTURE/RELEASE.btf, where ID and VERSION_ID are \
         those of its os-release, and give that folder: --folder FOLDER",
    )
}

//! A folder with a file for each kernel, as the archive of BTFHub has it:
//! `ID/VERSION_ID/ARCHITECTURE/RELEASE.btf`, also packed as `.btf.tar.xz`.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use bpfapps_btf::Kernel;
use lzma_rust2::XzReader;

const PACKED: &str = ".btf.tar.xz";
const PLAIN: &str = ".btf";

/// Maximum size of a kernel's BTF, in bytes.
const LARGEST: u64 = 256 << 20;

/// The files in a folder, sorted, with the kernels that their paths name.
pub(super) fn files(folder: &Path) -> Result<Vec<(PathBuf, Kernel)>> {
    let mut files = Vec::new();
    walk(folder, &mut files)?;
    files.sort();
    let kernels = files.into_iter().filter_map(|file| {
        let kernel = named(file.strip_prefix(folder).ok()?)?;
        Some((file, kernel))
    });
    let kernels: Vec<_> = kernels.collect();
    ensure!(
        !kernels.is_empty(),
        "{} has no file ID/VERSION_ID/ARCHITECTURE/RELEASE.btf",
        folder.display()
    );
    Ok(kernels)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let failed = || format!("failed to read {}", folder.display());
    for entry in fs::read_dir(folder).with_context(failed)? {
        let path = entry.with_context(failed)?.path();
        match path.is_dir() {
            true => walk(&path, files)?,
            false => files.push(path),
        }
    }
    Ok(())
}

/// The kernel that a path names.
fn named(path: &Path) -> Option<Kernel> {
    let words: Option<Vec<_>> = path.iter().map(|word| word.to_str()).collect();
    let [distribution, version, machine, file] = words?[..] else {
        return None;
    };
    let release = [PACKED, PLAIN]
        .iter()
        .find_map(|it| file.strip_suffix(it))?;
    let version = if version == "-" { "" } else { version };
    Some(Kernel {
        distribution: distribution.to_owned(),
        version: version.to_owned(),
        // BTFHub calls it as Debian does
        machine: machine.replace("arm64", "aarch64"),
        release: release.to_owned(),
        build: String::new(),
    })
}

/// The path of a kernel's file in such a folder.
pub(super) fn path(kernel: &Kernel) -> PathBuf {
    let or_nothing = |name: &str| if name.is_empty() { "-" } else { name }.to_owned();
    let folders = [
        or_nothing(&kernel.distribution),
        or_nothing(&kernel.version),
        kernel.machine.clone(),
    ];
    let folder: PathBuf = folders.iter().collect();
    folder.join(format!("{}{PLAIN}", kernel.release))
}

/// The content of a file, unpacked.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let file = File::open(path).context("failed to open it")?;
    let mut bytes = Vec::new();
    if !path.to_string_lossy().ends_with(PACKED) {
        { file }
            .read_to_end(&mut bytes)
            .context("failed to read it")?;
        return Ok(bytes);
    }
    let mut archive = tar::Archive::new(XzReader::new(file, false));
    let mut entries = archive.entries().context("failed to unpack it")?;
    let entry = entries.next().context("it is an empty archive")?;
    let entry = entry.context("failed to unpack it")?;
    let read = entry.take(LARGEST).read_to_end(&mut bytes);
    read.context("failed to unpack it")?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_names_the_kernel() {
        let kernel = named(Path::new("ubuntu/20.04/arm64/5.4.0-42-generic.btf.tar.xz"));
        let kernel = kernel.expect("a kernel");
        assert_eq!(
            kernel.to_string(),
            "5.4.0-42-generic (aarch64, ubuntu 20.04)"
        );
        let written = path(&kernel);
        assert_eq!(
            written,
            Path::new("ubuntu/20.04/aarch64/5.4.0-42-generic.btf")
        );
        assert_eq!(named(&written), Some(kernel));
        assert_eq!(named(Path::new("5.4.0.btf")), None);
        let none = named(Path::new("debian/-/x86_64/7.2.13.btf")).expect("a kernel");
        assert!(none.version.is_empty());
        assert_eq!(path(&none), Path::new("debian/-/x86_64/7.2.13.btf"));
    }
}

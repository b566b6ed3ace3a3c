//! Packs the folder of a binary, which [`fill`](super::fill) has laid out.

mod archive;
mod deb;
mod oci;
mod rpm;
mod tree;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};

use super::Format;
use super::facts::Facts;
use tree::Tree;

/// Packs the folder in these formats, into files beside what it has; returns their names.
///
/// # Errors
///
/// A file is missing, or can't be written.
pub fn pack(dist: &Path, facts: &Facts, formats: &[Format]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for format in formats {
        let packed = match format {
            Format::Deb => vec![deb::package(&Tree::of_debian(dist, facts)?, facts)?],
            Format::Rpm => vec![rpm::package(&Tree::of_fedora(dist, facts)?, facts)?],
            Format::Oci => oci::image(&Tree::of_image(dist, facts)?, facts)?,
        };
        for (name, bytes) in packed {
            let path = dist.join(&name);
            let made = path.parent().map_or(Ok(()), fs::create_dir_all);
            let written = made.and_then(|()| fs::write(&path, bytes));
            written.with_context(|| format!("failed to write {name}"))?;
            files.push(name.into());
        }
    }
    Ok(files)
}

/// Compressed as `gzip -9n` does.
fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    // neither a name nor a time
    let mut writer = GzBuilder::new().write(Vec::new(), Compression::best());
    writer.write_all(bytes)?;
    Ok(writer.finish()?)
}

/// The architecture as Debian and Go call it.
fn architecture(machine: &str) -> &str {
    match machine {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

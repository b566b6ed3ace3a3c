//! A package of Debian: deb(5).

use std::io::Write as _;

use anyhow::{Context, Result};
use md5::{Digest as _, Md5};
use serde::Serialize;
use tar::{EntryType, Header};

use super::gzip;
use super::tree::{Kind, Tree};
use crate::dist::facts::Facts;

/// The scripts that dpkg runs.
const SCRIPTS: [&str; 3] = ["postinst", "postrm", "prerm"];

#[derive(Serialize)]
struct Control<'a> {
    version: String,
    architecture: &'a str,
    maintainer: &'a str,
    kibibytes: usize,
    description: &'a str,
    homepage: Option<&'a str>,
}

/// The name and the content of the package.
pub(super) fn package(tree: &Tree, facts: &Facts) -> Result<(String, Vec<u8>)> {
    let control = Control {
        version: facts.package_version(),
        architecture: architecture(&facts.machine),
        maintainer: &facts.maintainer,
        kibibytes: tree.bytes().div_ceil(1024),
        description: &facts.description,
        homepage: facts.homepage.as_deref(),
    };
    let binary = &facts.shipped.binary;
    let name = format!("{binary}_{}_{}.deb", control.version, control.architecture);
    let parts = [
        ("debian-binary", b"2.0\n".to_vec()),
        (
            "control.tar.gz",
            gzip(&control_archive(tree, facts, &control)?)?,
        ),
        ("data.tar.gz", gzip(&data_archive(tree, facts.time)?)?),
    ];
    let mut archive = ar::Builder::new(Vec::new());
    for (name, bytes) in parts {
        let mut header = ar::Header::new(name.into(), bytes.len() as u64);
        header.set_mode(0o100_644);
        header.set_mtime(facts.time.into());
        archive.append(&header, &*bytes)?;
    }
    Ok((name, archive.into_inner()?))
}

fn control_archive(tree: &Tree, facts: &Facts, control: &Control<'_>) -> Result<Vec<u8>> {
    let render = |name: &str| facts.shipped.render(&format!("deb/{name}"), control);
    let mut archive = Archive::new(facts.time)?;
    archive.file("control", 0o644, render("control")?.as_bytes())?;
    let configuration = tree
        .files()
        .filter(|(_, file)| file.kind == Kind::Configuration);
    let lines: String = configuration
        .map(|(path, _)| format!("/{path}\n"))
        .collect();
    archive.file("conffiles", 0o644, lines.as_bytes())?;
    let mut sums = Vec::new();
    for (path, file) in tree.files() {
        for byte in Md5::digest(&file.bytes) {
            write!(sums, "{byte:02x}")?;
        }
        writeln!(sums, "  {path}")?;
    }
    archive.file("md5sums", 0o644, &sums)?;
    for script in SCRIPTS {
        archive.file(script, 0o755, render(script)?.as_bytes())?;
    }
    archive.finish()
}

fn data_archive(tree: &Tree, time: u32) -> Result<Vec<u8>> {
    let mut archive = Archive::new(time)?;
    for folder in tree.folders() {
        let path = folder.to_str().context("a path is not UTF-8")?;
        archive.folder(&format!("{path}/"))?;
    }
    for (path, file) in tree.files() {
        archive.file(path, file.mode, &file.bytes)?;
    }
    archive.finish()
}

/// A tar whose files are all root's, and of one time.
struct Archive {
    tar: tar::Builder<Vec<u8>>,
    time: u32,
}

impl Archive {
    fn new(time: u32) -> Result<Self> {
        let tar = tar::Builder::new(Vec::new());
        let mut archive = Self { tar, time };
        archive.folder("")?;
        Ok(archive)
    }

    fn folder(&mut self, path: &str) -> Result<()> {
        self.entry(path, EntryType::Directory, 0o755, &[])
    }

    fn file(&mut self, path: &str, mode: u32, bytes: &[u8]) -> Result<()> {
        self.entry(path, EntryType::Regular, mode, bytes)
    }

    fn entry(&mut self, path: &str, kind: EntryType, mode: u32, bytes: &[u8]) -> Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_mtime(self.time.into());
        header.set_size(bytes.len() as u64);
        header.set_uid(0);
        header.set_gid(0);
        header.set_username("root")?;
        header.set_groupname("root")?;
        // the library would drop the dot in front
        let path = format!("./{path}");
        let place = header.as_old_mut().name.get_mut(..path.len());
        place
            .context("a path is too long")?
            .copy_from_slice(path.as_bytes());
        header.set_cksum();
        Ok(self.tar.append(&header, bytes)?)
    }

    fn finish(self) -> Result<Vec<u8>> {
        Ok(self.tar.into_inner()?)
    }
}

/// The architecture as Debian calls it.
fn architecture(machine: &str) -> &str {
    match machine {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

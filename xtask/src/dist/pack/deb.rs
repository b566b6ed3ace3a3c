//! A package of Debian: deb(5).

use std::io::Write as _;

use anyhow::Result;
use md5::{Digest as _, Md5};
use serde::Serialize;

use super::archive::Archive;
use super::tree::{Kind, Tree};
use super::{architecture, gzip};
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
        ("data.tar.gz", gzip(&Archive::of(tree, facts.time)?)?),
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

//! What a package installs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::gzip;
use crate::dist::facts::Facts;

/// The files that a package installs, by their paths without the first slash.
#[derive(Debug, Default)]
pub(super) struct Tree(BTreeMap<String, Entry>);

/// A file in it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) bytes: Vec<u8>,
    pub(super) mode: u32,
    pub(super) kind: Kind,
}

/// What a package manager needs to know of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    /// Whoever administers the machine may change it.
    Configuration,
    License,
}

impl Tree {
    pub(super) fn of_debian(dist: &Path, facts: &Facts) -> Result<Self> {
        let binary = &facts.shipped.binary;
        let mut tree = Self::default();
        tree.add_common(dist, binary)?;
        tree.add(
            &dist.join(format!("completions/_{binary}")),
            format!("usr/share/zsh/vendor-completions/_{binary}"),
        )?;
        let copyright = format!("usr/share/doc/{binary}/copyright");
        tree.add_as(&dist.join("NOTICES"), copyright, Kind::License)?;
        Ok(tree)
    }

    pub(super) fn of_fedora(dist: &Path, facts: &Facts) -> Result<Self> {
        let binary = &facts.shipped.binary;
        let mut tree = Self::default();
        tree.add_common(dist, binary)?;
        tree.add(
            &dist.join(format!("completions/_{binary}")),
            format!("usr/share/zsh/site-functions/_{binary}"),
        )?;
        let notices = format!("usr/share/licenses/{binary}/NOTICES");
        tree.add_as(&dist.join("NOTICES"), notices, Kind::License)?;
        Ok(tree)
    }

    /// The program and nothing that only a machine needs.
    pub(super) fn of_image(dist: &Path, facts: &Facts) -> Result<Self> {
        let binary = &facts.shipped.binary;
        let mut tree = Self::default();
        tree.add_program(dist, binary)?;
        let notices = format!("usr/share/licenses/{binary}/NOTICES");
        tree.add_as(&dist.join("NOTICES"), notices, Kind::License)?;
        Ok(tree)
    }

    fn add_program(&mut self, dist: &Path, binary: &str) -> Result<()> {
        let path = format!("usr/bin/{binary}");
        self.add(&dist.join(binary), path.clone())?;
        if let Some(program) = self.0.get_mut(&path) {
            program.mode = 0o755;
        }
        Ok(())
    }

    /// What lies in the same places everywhere.
    fn add_common(&mut self, dist: &Path, binary: &str) -> Result<()> {
        self.add_program(dist, binary)?;
        for (page, path) in files(&dist.join("man"))? {
            let path = format!("usr/share/man/man1/{path}.gz");
            self.add(&page, path.clone())?;
            if let Some(page) = self.0.get_mut(&path) {
                page.bytes = gzip(&page.bytes)?;
            }
        }
        for (file, path) in [
            (
                format!("{binary}.bash"),
                format!("usr/share/bash-completion/completions/{binary}"),
            ),
            (
                format!("{binary}.fish"),
                format!("usr/share/fish/vendor_completions.d/{binary}.fish"),
            ),
        ] {
            self.add(&dist.join("completions").join(file), path)?;
        }
        for (unit, path) in files(&dist.join("systemd"))? {
            self.add(&unit, format!("usr/lib/systemd/system/{path}"))?;
        }
        for (file, path) in files(&dist.join("prometheus"))? {
            self.add(&file, format!("usr/share/doc/{binary}/prometheus/{path}"))?;
        }
        let configuration = format!("etc/{binary}/config.yaml");
        self.add_as(
            &dist.join("config.yaml"),
            configuration,
            Kind::Configuration,
        )
    }

    fn add(&mut self, file: &Path, path: String) -> Result<()> {
        self.add_as(file, path, Kind::Plain)
    }

    fn add_as(&mut self, file: &Path, path: String, kind: Kind) -> Result<()> {
        let bytes = fs::read(file).with_context(|| format!("failed to read {}", file.display()))?;
        let mode = 0o644;
        self.0.insert(path, Entry { bytes, mode, kind });
        Ok(())
    }

    /// The files, by their paths.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.0.iter().map(|(path, entry)| (path.as_str(), entry))
    }

    /// The folders that they are in, each after the one that it is in.
    pub(super) fn folders(&self) -> BTreeSet<&Path> {
        let above = |path| Path::new(path).ancestors().skip(1);
        let all = self.0.keys().flat_map(above);
        all.filter(|folder| !folder.as_os_str().is_empty())
            .collect()
    }

    /// The size of all files.
    pub(super) fn bytes(&self) -> usize {
        self.0.values().map(|entry| entry.bytes.len()).sum()
    }
}

/// All files below a folder, with their paths in it; none if it is not there.
fn files(folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(next) = pending.pop() {
        let shown = || format!("failed to read {}", next.display());
        for entry in fs::read_dir(&next).with_context(shown)? {
            let path = entry.with_context(shown)?.path();
            if path.is_dir() {
                pending.push(path);
            } else {
                let below = path.strip_prefix(folder)?.to_str();
                let below = below.context("a path is not UTF-8")?.to_owned();
                found.push((path, below));
            }
        }
    }
    Ok(found)
}

//! The images of kernels in Debian's packages, for those who want no machine.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use bpfapps_task::{Arch, out};
use glob::Pattern;

use super::debian::{Archive, Package};
use super::mirror;

/// The packages with a kernel: also those that only its old machines have.
const KERNELS: &str = "^linux-(image|binary)-[0-9]+[.][0-9]+[.][0-9]+.*";

/// The packages beside them, whose kernels are the same.
const BESIDE: [&str; 2] = ["-dbg", "-unsigned"];

/// The image of a kernel in a package.
#[derive(Debug)]
pub struct Image {
    /// The package's name.
    pub package: String,
    /// `VERSION_ID` of the suite of Debian that has it; empty for sid.
    pub version_id: &'static str,
    arch: Arch,
    found: Package,
}

impl Image {
    /// The packages whose names match one of the patterns, oldest first for each processor. A
    /// pattern is for the processor that it names, as in `*-arm64`, or else for this machine's.
    /// Nothing is downloaded yet but the lists of packages.
    ///
    /// # Errors
    ///
    /// A pattern matches none, or there is no archive.
    pub fn of_packages(patterns: &[String]) -> Result<Vec<Self>> {
        let mut images = Vec::new();
        for arch in Arch::ALL {
            let patterns = patterns.iter().filter(|text| processor(text) == arch);
            let patterns: Vec<_> = patterns.collect();
            if !patterns.is_empty() {
                images.extend(Self::of_processor(arch, &patterns)?);
            }
        }
        Ok(images)
    }

    fn of_processor(arch: Arch, patterns: &[&String]) -> Result<Vec<Self>> {
        let archive = Archive::open(&super::cache()?, arch)?;
        let mut all = archive.packages(KERNELS)?;
        all.retain(|it| !BESIDE.iter().any(|end| it.name.ends_with(end)));
        let mut is_wanted = vec![false; all.len()];
        for text in patterns {
            let pattern = Pattern::new(text).with_context(|| format!("wrong pattern {text}"))?;
            let matches = all.iter().map(|it| pattern.matches(&it.name));
            let matches: Vec<_> = matches.collect();
            if !matches.contains(&true) {
                let newest = all.last().map_or("", |it| &it.name);
                return Err(out::hinted(
                    format!("the archive has no package {text} with a kernel for {arch}"),
                    format!("name one that it has; the newest is {newest}"),
                ));
            }
            for (is_wanted, matches) in is_wanted.iter_mut().zip(matches) {
                *is_wanted |= matches;
            }
        }
        let wanted = all.into_iter().zip(is_wanted).filter(|(_, is_it)| *is_it);
        let wanted: Vec<_> = wanted.map(|(package, _)| package).collect();
        let suites = suites(&archive, &wanted)?;
        let images = wanted.into_iter().map(|found| Self {
            version_id: mirror::version_id(suites.get(&found.name).map_or("", |it| it)),
            package: found.name.clone(),
            arch,
            found,
        });
        Ok(images.collect())
    }

    /// The image, from the cache or from Debian. Its package is large, and is not kept.
    ///
    /// # Errors
    ///
    /// It can't be downloaded, or has no kernel in it.
    pub fn file(&self) -> Result<PathBuf> {
        let cache = super::cache()?;
        let image = cache.join("kernels").join(self.found.file_name("image"));
        if !image.exists() {
            let deb = image.with_extension("deb");
            let was_there = deb.exists();
            Archive::open(&cache, self.arch)?.kernel(&self.found, &image)?;
            if !was_there {
                fs::remove_file(&deb).context("failed to clear the cache")?;
            }
        }
        if image.metadata().is_ok_and(|file| file.len() == 0) {
            bail!("{} is empty", image.display());
        }
        Ok(image)
    }
}

/// The processor that a pattern names. Debian's packages end with it, or with it and the size of a
/// page: `-arm64-16k`.
fn processor(pattern: &str) -> Arch {
    let names = |arch: &Arch| pattern.split('-').any(|part| part == arch.debian());
    let named = Arch::ALL.into_iter().find(names);
    named.or_else(Arch::here).unwrap_or(Arch::Amd64)
}

/// The suite of each package, by its name.
fn suites(archive: &Archive, packages: &[Package]) -> Result<HashMap<String, String>> {
    let listed = archive
        .apt("apt-cache")
        .arg("madison")
        .args(packages.iter().map(|package| &package.name))
        .output()
        .context("failed to run apt-cache")?;
    Ok(read_suites(&String::from_utf8_lossy(&listed.stdout)))
}

/// Reads lines like ` linux-image-… | 6.1.192-2 | http://… bookworm-security/main amd64 Packages`.
fn read_suites(listed: &str) -> HashMap<String, String> {
    let suites = listed.lines().filter_map(|line| {
        let mut fields = line.split('|').map(str::trim);
        let (name, _, place) = (fields.next()?, fields.next()?, fields.next()?);
        let (suite, _) = place.split(' ').nth(1)?.split_once('/')?;
        let (suite, _) = suite.split_once('-').unwrap_or((suite, ""));
        Some((name.to_owned(), suite.to_owned()))
    });
    suites.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pattern_says_which_processor() {
        for (pattern, arch) in [
            ("linux-image-6.1*-cloud-arm64", Some(Arch::Arm64)),
            ("linux-image-*-arm64-16k", Some(Arch::Arm64)),
            ("linux-image-6.1*-amd64", Some(Arch::Amd64)),
            ("linux-image-6.1*", Arch::here()),
        ] {
            assert_eq!(processor(pattern), arch.unwrap_or(Arch::Amd64), "{pattern}");
        }
    }

    #[test]
    fn suite_is_where_the_package_is() {
        let listed = " linux-image-6.1.0-56-amd64 | 6.1.192-2 | http://mirror.example.org/security \
            bookworm-security/main amd64 Packages\n linux-binary-7.2.13+deb14-amd64 |   7.2.13-1 | \
            http://mirror.example.org/debian sid/main amd64 Packages\n";
        let suites = read_suites(listed);
        let id = |name: &str| mirror::version_id(&suites[name]);
        assert_eq!(id("linux-image-6.1.0-56-amd64"), "12");
        assert_eq!(id("linux-binary-7.2.13+deb14-amd64"), "");
    }
}

//! Which kernels to boot, and where they are.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::{env, fs};

use anyhow::{Context, Result, anyhow};
use bpfapps_host::Release;

use super::debian::{Archive, Package};
use super::image;
use crate::out;

/// The kernels of a run that names none: those that people have.
pub(super) fn default() -> Vec<Series> {
    let long_term = ["5.10", "6.1", "6.12"].into_iter();
    let long_term = long_term.filter_map(Release::parse).map(Series::Of);
    long_term.chain([Series::Latest]).collect()
}

/// A series of kernels, of which the newest is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Series {
    /// Such as 6.12.
    Of(Release),
    /// The newest kernel there is.
    Latest,
}

impl FromStr for Series {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match (text, Release::parse(text)) {
            ("latest", _) => Ok(Self::Latest),
            (_, Some(version)) if version.to_string() == text => Ok(Self::Of(version)),
            _ => Err("a series such as 6.12, or `latest`".to_owned()),
        }
    }
}

impl Series {
    fn has(&self, version: &Release) -> bool {
        match self {
            Self::Of(series) => version.is_of(series),
            Self::Latest => true,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Of(version) => version.to_string(),
            Self::Latest => "latest".to_owned(),
        }
    }
}

/// A kernel to boot.
#[derive(Debug)]
pub(super) struct Kernel {
    pub(super) version: Release,
    pub(super) image: PathBuf,
}

/// Kernels that someone brought along.
pub(super) fn given(images: &[PathBuf]) -> Result<Vec<Kernel>> {
    let kernel = |file: &PathBuf| {
        let version = image::version(file)?;
        let image = file.canonicalize().context("failed to find the image")?;
        Ok(Kernel { version, image })
    };
    images.iter().map(kernel).collect()
}

/// Gets the newest kernel of each series, out of the cache or from Debian. With
/// `if_available` those that can not be had are only told of.
pub(super) fn get(series: &[Series], if_available: bool) -> Result<Vec<Kernel>> {
    let mut kernels = Vec::new();
    if series.is_empty() {
        return Ok(kernels);
    }
    let cache = cache()?;
    let source = Archive::open(&cache).and_then(|archive| Ok((archive.kernels()?, archive)));
    for series in series {
        let kernel = match &source {
            Ok((packages, archive)) => newest(series, packages, archive, &cache),
            Err(reason) => Err(anyhow!("{reason:#}")),
        };
        match kernel {
            Ok(kernel) => kernels.push(kernel),
            Err(reason) if if_available => {
                out::note(format_args!("left out Linux {}: {reason:#}", series.name()));
            }
            Err(reason) => return Err(source.err().unwrap_or(reason)),
        }
    }
    Ok(kernels)
}

fn newest(
    series: &Series,
    packages: &[Package],
    archive: &Archive,
    cache: &Path,
) -> Result<Kernel> {
    let package = packages
        .iter()
        .rfind(|package| series.has(&package.version));
    let package = package.ok_or_else(|| none(series, packages))?;
    let version = package.version.clone();
    let folder = cache.join("kernels");
    fs::create_dir_all(&folder).context("failed to create the cache folder")?;
    let image = folder.join(package.file_name());
    if !image.exists() {
        archive.fetch(package, &image)?;
    }
    Ok(Kernel { version, image })
}

fn none(series: &Series, packages: &[Package]) -> anyhow::Error {
    let mut there: Vec<_> = packages
        .iter()
        .map(|package| package.version.series())
        .collect();
    there.dedup();
    let there: Vec<_> = there.iter().map(|(a, b)| format!("{a}.{b}")).collect();
    out::hinted(
        format!("the archive has no Linux {}", series.name()),
        format!(
            "it has {}; any other one is welcome with --image FILE",
            there.join(", ")
        ),
    )
}

/// The folder for what is downloaded once.
fn cache() -> Result<PathBuf> {
    let base = match (env::var_os("XDG_CACHE_HOME"), env::var_os("HOME")) {
        (Some(cache), _) if Path::new(&cache).is_absolute() => PathBuf::from(cache),
        (_, Some(home)) => Path::new(&home).join(".cache"),
        _ => return Err(anyhow!("there is no HOME to keep kernels in")),
    };
    Ok(base.join("bpfapps"))
}

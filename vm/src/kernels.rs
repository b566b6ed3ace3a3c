//! Which kernels to boot, and where they are.

mod cache;
pub(crate) mod debian;
pub(crate) mod files;
mod image;
mod images;
mod mirror;
mod source;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use bpfapps_host::Release;
use bpfapps_task::cache::folder as cache;
use bpfapps_task::{Arch, Series, out};

use debian::{Archive, Package};

pub use images::Image;
pub use source::Source;

/// How many kernels of a series to try to download.
const TRIES: usize = 10;

/// A kernel to boot.
#[derive(Debug)]
pub(crate) struct Kernel {
    pub(crate) version: Release,
    pub(crate) image: PathBuf,
}

/// The kernels to boot, all of one processor.
#[derive(Debug)]
pub struct Kernels {
    pub(crate) arch: Arch,
    pub(crate) kernels: Vec<Kernel>,
}

impl Kernels {
    /// Given kernels, each a bzImage, or an Image for arm64.
    pub fn given(arch: Arch, images: &[PathBuf]) -> Result<Self> {
        let kernel = |file: &PathBuf| {
            let version = image::version(file, arch)?;
            let image = file.canonicalize().context("failed to find the image")?;
            Ok(Kernel { version, image })
        };
        let kernels = images.iter().map(kernel).collect::<Result<_>>()?;
        Ok(Self { arch, kernels })
    }

    /// Adds the newest kernel of each of the series that people have.
    pub fn add_usual(&mut self, if_available: bool) -> Result<()> {
        let long_term = ["5.10", "6.1", "6.12"].into_iter();
        let long_term = long_term.filter_map(Release::parse).map(Series::Of);
        let usual: Vec<_> = long_term.chain([Series::Latest]).collect();
        self.add(&usual, if_available)
    }

    /// Adds the newest kernel of each series, from the cache or from Debian. With `if_available` an
    /// unavailable kernel is only reported.
    pub fn add(&mut self, series: &[Series], if_available: bool) -> Result<()> {
        if series.is_empty() {
            return Ok(());
        }
        let cache = cache()?;
        let source =
            Archive::open(&cache, self.arch).and_then(|archive| Ok((archive.kernels()?, archive)));
        for series in series {
            let kernel = match &source {
                Ok((packages, archive)) => newest(series, packages, archive, &cache),
                Err(reason) => Err(anyhow!("{reason:#}")),
            };
            match kernel {
                Ok(kernel) => self.kernels.push(kernel),
                Err(reason) if if_available => {
                    out::note(format_args!("left out Linux {series}: {reason:#}"));
                }
                Err(reason) => return Err(source.err().unwrap_or(reason)),
            }
        }
        Ok(())
    }

    /// A static busybox for their processor, from the cache or from Debian.
    pub fn busybox(&self) -> Result<PathBuf> {
        let cache = cache()?;
        let archive = Archive::open(&cache, self.arch)?;
        let package = archive.packages("^busybox-static$")?.pop();
        let package = package.context("the archive has no busybox-static")?;
        let file = cache.join("kernels").join(package.file_name("busybox"));
        archive.file(&package, &file, &|path| path.ends_with("bin/busybox"))?;
        Ok(file)
    }

    /// True without any kernel.
    pub fn is_empty(&self) -> bool {
        self.kernels.is_empty()
    }
}

fn newest(
    series: &Series,
    packages: &[Package],
    archive: &Archive,
    cache: &Path,
) -> Result<Kernel> {
    let place = |package: &Package| cache.join("kernels").join(package.file_name("image"));
    let of_series = packages.iter().rev().filter(|it| series.has(&it.version));
    let mut of_series: Vec<_> = of_series.collect();
    // a mirror may list kernels that it no longer has: then any other will do, first those that are
    // in the cache
    if let [_newest, others @ ..] = &mut of_series[..] {
        others.sort_by_key(|it| !place(it).exists());
    }
    let mut failed = None;
    for package in of_series.into_iter().take(TRIES) {
        let version = package.version.clone();
        let image = place(package);
        match archive.kernel(package, &image) {
            Ok(()) => return Ok(Kernel { version, image }),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    Err(failed.unwrap_or_else(|| none(series, packages)))
}

fn none(series: &Series, packages: &[Package]) -> anyhow::Error {
    let mut there: Vec<_> = packages
        .iter()
        .map(|package| package.version.series())
        .collect();
    there.dedup();
    let there: Vec<_> = there.iter().map(|(a, b)| format!("{a}.{b}")).collect();
    out::hinted(
        format!("the archive has no Linux {series}"),
        format!(
            "it has {}; any other one is welcome with --image FILE",
            there.join(", ")
        ),
    )
}

//! Which kernels to boot, and where they are.

mod cache;
mod debian;
mod image;
mod images;
mod mirror;
mod source;

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use bpfapps_host::Release;
use bpfapps_task::Series;
use bpfapps_task::out;

use debian::{Archive, Package};

pub use images::Image;
pub use source::Source;

/// A kernel to boot.
#[derive(Debug)]
pub(crate) struct Kernel {
    pub(crate) version: Release,
    pub(crate) image: PathBuf,
}

/// The kernels to boot.
#[derive(Debug)]
pub struct Kernels(pub(crate) Vec<Kernel>);

impl Kernels {
    /// Given kernels, each a bzImage.
    pub fn given(images: &[PathBuf]) -> Result<Self> {
        let kernel = |file: &PathBuf| {
            let version = image::version(file)?;
            let image = file.canonicalize().context("failed to find the image")?;
            Ok(Kernel { version, image })
        };
        Ok(Self(images.iter().map(kernel).collect::<Result<_>>()?))
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
        let source = Archive::open(&cache).and_then(|archive| Ok((archive.kernels()?, archive)));
        for series in series {
            let kernel = match &source {
                Ok((packages, archive)) => newest(series, packages, archive, &cache),
                Err(reason) => Err(anyhow!("{reason:#}")),
            };
            match kernel {
                Ok(kernel) => self.0.push(kernel),
                Err(reason) if if_available => {
                    out::note(format_args!("left out Linux {series}: {reason:#}"));
                }
                Err(reason) => return Err(source.err().unwrap_or(reason)),
            }
        }
        Ok(())
    }

    /// True without any kernel.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
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
    let image = cache.join("kernels").join(package.file_name("image"));
    archive.kernel(package, &image)?;
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
        format!("the archive has no Linux {series}"),
        format!(
            "it has {}; any other one is welcome with --image FILE",
            there.join(", ")
        ),
    )
}

/// The folder for downloads.
fn cache() -> Result<PathBuf> {
    let base = match (env::var_os("XDG_CACHE_HOME"), env::var_os("HOME")) {
        (Some(cache), _) if Path::new(&cache).is_absolute() => PathBuf::from(cache),
        (_, Some(home)) => Path::new(&home).join(".cache"),
        _ => return Err(anyhow!("there is no HOME to keep kernels in")),
    };
    Ok(base.join("bpfapps"))
}

//! From kernels and objects to files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use bpfapps_btf::{Btf, Bundle, minimal};
use bpfapps_task::workspace::Workspace;

use super::objects::Objects;
use super::sources::{self, Named, Source};
use super::{Options, Task, Wanted, folder, kernel};
use crate::out;
use crate::progress::Step;

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    match &options.task {
        Task::Min { wanted, output } => min(wanted, output.as_deref())?,
        Task::Bundle { wanted, output } => bundle(wanted, output.as_deref())?,
        Task::Kernel { series } => kernel::run(series)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The output, which is below target/ where none is named.
fn output(named: Option<&Path>, usual: &str) -> Result<PathBuf> {
    match named {
        Some(path) => Ok(path.to_owned()),
        None => Ok(Workspace::here()?.target().join(usual)),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    let written = made.and_then(|()| fs::write(path, bytes));
    written.with_context(|| format!("failed to write {}", path.display()))
}

fn min(wanted: &Wanted, to: Option<&Path>) -> Result<()> {
    let to = output(to, "btf")?;
    let objects = Objects::of(wanted)?;
    let objects = objects.parse()?;
    let mut files = Vec::new();
    each(&sources::all(wanted)?, |source, named| {
        let part = minimal(&Btf::parse(&named.types)?, &objects);
        let file = match (&named.kernel, source) {
            (Some(kernel), _) => folder::path(kernel),
            (None, Source::File(path)) => {
                let name = path.file_stem().unwrap_or_default();
                PathBuf::from(format!("{}.btf", name.to_string_lossy()))
            }
            (None, _) => return Err(sources::nameless(source)),
        };
        let file = to.join(file);
        write(&file, &part)?;
        files.push((file, part.len()));
        Ok(())
    })?;
    for (file, size) in files {
        out::result(format_args!("{size:>9} bytes  {}", file.display()))?;
    }
    Ok(())
}

fn bundle(wanted: &Wanted, to: Option<&Path>) -> Result<()> {
    let to = output(to, "btf.bundle")?;
    let objects = Objects::of(wanted)?;
    let mut builder = Bundle::builder(objects.parse()?);
    each(&sources::all(wanted)?, |source, named| {
        let kernel = named.kernel.ok_or_else(|| sources::nameless(source))?;
        builder.add(kernel, &Btf::parse(&named.types)?).map(drop)
    })?;
    let bytes = builder.finish()?;
    write(&to, &bytes)?;
    let bundle = Bundle::parse(&bytes)?;
    out::result(format_args!(
        "{:>9} bytes  {}: {} kernels, of which {} differ",
        bytes.len(),
        to.display(),
        bundle.kernels().len(),
        bundle.different()
    ))
}

/// Reads each, and names the one that can't be read.
fn each(sources: &[Source], mut act: impl FnMut(&Source, Named) -> Result<()>) -> Result<()> {
    let label = match sources {
        [one] => format!("reading {}", one.name()),
        all => format!("reading {} kernels", all.len()),
    };
    // a download shows its own progress
    let packages = sources.iter().filter(|it| matches!(it, Source::Package(_)));
    let step = (packages.count() == 0).then(|| Step::start(&label));
    let mut failed = Ok(());
    for source in sources {
        let done = source.read().and_then(|named| act(source, named));
        failed = done.with_context(|| format!("failed to take the types of {}", source.name()));
        if failed.is_err() {
            break;
        }
    }
    if let Some(step) = step {
        step.close(if failed.is_ok() { "done" } else { "failed" });
    }
    failed
}

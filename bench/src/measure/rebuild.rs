//! From an edit of BPF code to the first line of output.

use std::fs::File;
use std::iter;
use std::path::Path;
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result, bail};
use bpfapps_task::{out, workspace};
use bpfapps_xtask::run;

use crate::figures::{Table, largest, median, smallest};
use crate::programs;

/// The edited file.
const SOURCE: &str = "apps/bootstrap/src/bpf/bootstrap.bpf.c";

/// Edits that are made.
const EDITS: usize = 3;

pub(crate) fn measure() -> Result<Table> {
    out::note(format_args!("editing {SOURCE} {EDITS} times …"));
    let measured = iter::repeat_with(edit).take(EDITS);
    let (built, ready): (Vec<_>, Vec<_>) =
        measured.collect::<Result<Vec<_>>>()?.into_iter().unzip();

    let mut table = Table::new(["after an edit of BPF code", "median", "fastest", "slowest"]);
    for (label, times) in [("built", built), ("first line of output", ready)] {
        table.row([
            label.to_owned(),
            format!("{:.2} s", median(&times)?),
            format!("{:.2} s", smallest(&times)?),
            format!("{:.2} s", largest(&times)?),
        ]);
    }
    Ok(table)
}

/// Seconds from one edit until the build is through, and until it is ready.
fn edit() -> Result<(f64, f64)> {
    // builds all other changes first
    run::build(false)?;

    let start = Instant::now();
    touch(&workspace::root()?.join(SOURCE))?;
    let built = run::build(false)?;
    let through = start.elapsed();
    let mut tracer = programs::bootstrap(built.program.clone()).start()?;
    tracer.ready()?;
    let ready = start.elapsed();
    tracer.stop()?;

    if !built.is_new {
        bail!("cargo has not noticed the edit of {SOURCE}");
    }
    Ok((through.as_secs_f64(), ready.as_secs_f64()))
}

/// To cargo a new time is a change: clang, the skeleton, rustc and the linker all run again.
fn touch(file: &Path) -> Result<()> {
    File::options()
        .append(true)
        .open(file)
        .and_then(|file| file.set_modified(SystemTime::now()))
        .with_context(|| format!("failed to touch {}", file.display()))
}

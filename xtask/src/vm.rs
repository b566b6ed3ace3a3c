//! `cargo xtask vm`: the kernel tests on real kernels, old and new, or a command
//! or a shell there.

mod boot;
mod debian;
mod enter;
mod image;
mod initramfs;
mod kernels;
mod machine;
mod mirror;
mod report;
mod results;
mod suite;

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::setup::{self, Stage};
use crate::{busybox, out};
use kernels::Kernel;
pub(crate) use kernels::Series;
use machine::{Accel, Machine};
use results::Outcome;
use suite::Suite;

#[derive(Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// The newest kernel of each of these series [default: 5.10,6.1,6.12,latest]
    #[arg(long = "kernel", value_name = "SERIES", value_delimiter = ',')]
    series: Vec<Series>,
    /// A kernel of your own, a bzImage; may be given again
    #[arg(long = "image", value_name = "FILE")]
    images: Vec<PathBuf>,
    /// How QEMU executes the machine
    #[arg(long, value_enum, default_value_t)]
    accel: Accel,
    /// Do without the kernels that can not be had
    #[arg(long)]
    if_available: bool,
    /// How to print the results of tests
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    /// Write the results of tests to FILE as well, as JUnit does
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Run this in place of the tests; with `--` alone it is a shell
    #[arg(value_name = "COMMAND", last = true)]
    command: Vec<OsString>,
}

impl Options {
    /// The tests on these kernels, or on the usual ones where none is named.
    pub(crate) fn of(series: &[Series]) -> Self {
        Self {
            series: series.to_vec(),
            ..Self::default()
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    #[default]
    /// Kernels across, tests down
    Table,
    Json,
    /// Kernels across, packages down: for a README
    Markdown,
}

/// What all tests on all machines came to.
#[derive(Debug, Default)]
pub(crate) struct Sum {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    // clap does not tell `vm --` from `vm`
    if std::env::args_os().any(|arg| arg == "--") {
        return enter::run(options);
    }
    let Sum {
        passed,
        failed,
        skipped,
    } = test(options)?;
    if options.output == Output::Table {
        out::result(format_args!(
            "{passed} passed, {failed} failed, {skipped} skipped"
        ))?;
    }
    Ok(match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// Runs the tests on each kernel, and prints what came of it.
pub(crate) fn test(options: &Options) -> Result<Sum> {
    let machines = prepare(options, None)?;
    let results = boot::test(&machines)?;
    match options.output {
        Output::Table => write!(io::stdout().lock(), "{}", report::table(&results)?)
            .context("failed to write to stdout")?,
        Output::Json => out::result(report::json(&results))?,
        Output::Markdown => out::result(report::markdown(&results)?.trim_end())?,
    }
    if let Some(file) = &options.junit {
        fs::write(file, report::junit(&results)?)
            .with_context(|| format!("failed to write {}", file.display()))?;
    }
    let total = |outcome| results.iter().map(|machine| machine.count(outcome)).sum();
    Ok(Sum {
        passed: total(Outcome::Passed),
        failed: total(Outcome::Failed),
        skipped: total(Outcome::Skipped),
    })
}

/// Everything that machines need: programs, kernels, an initramfs.
fn prepare(options: &Options, command: Option<&str>) -> Result<Vec<Machine>> {
    if !cfg!(target_arch = "x86_64") {
        bail!("cargo xtask vm knows x86-64 only, and this is another machine");
    }
    // before minutes of building
    let mut kernels = kernels::given(&options.images)?;
    setup::ensure(Stage::Vm)?;
    let chosen = match (options.series.is_empty(), options.images.is_empty()) {
        (true, true) => kernels::default(),
        _ => options.series.clone(),
    };
    kernels.extend(kernels::get(&chosen, options.if_available)?);
    if kernels.is_empty() {
        out::note("no kernel to boot");
        return Ok(Vec::new());
    }
    let busybox = busybox::find().context("there is no static busybox")?;
    // it takes minutes, so only where they are to run
    let suite = Suite::build(command.is_none_or(|command| command.contains("/templates/")))?;

    // target/<triple>/release/bpfapps
    let target = suite.own.binary.ancestors().nth(3);
    let folder = target.context("no target folder")?.join("vm");
    fs::create_dir_all(&folder).context("failed to create target/vm")?;
    let initramfs = folder.join("initramfs.cpio");
    // replaced as a whole: another machine may be about to read it
    let fresh = folder.join("initramfs.new");
    initramfs::write(&fresh, &busybox, &suite, command)?;
    fs::rename(&fresh, &initramfs).context("failed to replace the initramfs")?;

    let machine = |kernel: &Kernel, cx16| Machine {
        version: kernel.version.clone(),
        image: kernel.image.clone(),
        initramfs: initramfs.clone(),
        console: folder.join(format!(
            "{}{}.log",
            kernel.version,
            if cx16 { "+cx16" } else { "" }
        )),
        accel: options.accel,
        cx16,
    };
    let mut machines = Vec::new();
    for kernel in &kernels {
        machines.push(machine(kernel, false));
        // bootstrap keeps start times in another place there
        if command.is_none() && options.accel == Accel::Tcg && kernel.version.is_at_least((7, 0)) {
            machines.push(machine(kernel, true));
        }
    }
    Ok(machines)
}

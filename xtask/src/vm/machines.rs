//! From the options to machines, and from their results to stdout.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use bpfapps_vm::{Accel, Kernels, Machines};

use super::suite;
use super::{Options, Output, Sum};
use crate::setup::{self, Stage};
use crate::target::Target;
use crate::{busybox, out};

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    // clap does not distinguish `vm --` from `vm`
    if std::env::args_os().any(|arg| arg == "--") {
        return enter(options);
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
    let report = prepare(options, false)?.test()?;
    match options.output {
        Output::Table => write!(io::stdout().lock(), "{}", report.table()?)
            .context("failed to write to stdout")?,
        Output::Json => out::result(report.json())?,
        Output::Markdown => out::result(report.markdown()?.trim_end())?,
    }
    if let Some(file) = &options.junit {
        fs::write(file, report.junit()?)
            .with_context(|| format!("failed to write {}", file.display()))?;
    }
    let [passed, failed, skipped] = report.counts();
    Ok(Sum {
        passed,
        failed,
        skipped,
    })
}

/// A command on each kernel, or a shell on the newest.
fn enter(options: &Options) -> Result<ExitCode> {
    if !options.command.is_empty() {
        return Ok(ExitCode::from(prepare(options, true)?.run()?));
    }
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(out::hinted(
            "a shell needs a terminal, and this is none",
            "give a command after --",
        ));
    }
    prepare(options, true)?.shell()?;
    Ok(ExitCode::SUCCESS)
}

/// Everything that machines need: programs, kernels, an initramfs.
fn prepare(options: &Options, enters: bool) -> Result<Machines> {
    let target = Target::of(options.arch);
    if target != Target::Here && options.accel == super::Accel::Kvm {
        return Err(out::hinted(
            "this processor can not run kernels of another one",
            "leave out --accel kvm",
        ));
    }
    // before minutes of building
    suite::know(&options.packages)?;
    let mut kernels = Kernels::given(target.arch()?, &options.images)?;
    setup::ensure_for(Stage::Vm, target)?;
    match (options.series.is_empty(), kernels.is_empty()) {
        (true, true) => kernels.add_usual(options.if_available)?,
        _ => kernels.add(&options.series, options.if_available)?,
    }
    if kernels.is_empty() {
        out::note("no kernel to boot");
        return Ok(Machines::default());
    }
    let busybox = match target {
        Target::Here => busybox::find().context("there is no static busybox")?,
        Target::Other(_) => kernels.busybox()?,
    };
    let command = enters.then_some(&*options.command);
    // rendering takes minutes, so only if they are to run
    let names_template = |word: &std::ffi::OsString| word.to_string_lossy().contains("/templates/");
    let with_templates =
        options.packages.is_empty() && command.is_none_or(|words| words.iter().any(names_template));
    let suite = suite::build(target, &options.packages, with_templates, &options.files)?;

    let folder = target.folder()?.join("vm");
    let accel = match options.accel {
        super::Accel::Tcg => Accel::Tcg,
        super::Accel::Kvm => Accel::Kvm,
    };
    Machines::new(&folder, &kernels, accel, &busybox, &suite, command)
}

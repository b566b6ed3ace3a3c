//! `doctor`: tries whether this machine runs the apps, and shows how to fix what does not work.

mod check;
mod demands;
mod fix;
mod look;
mod platform;
mod programs;
mod rights;
mod settings;
mod subject;
mod trial;

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context as _, Error, Result, anyhow, bail};
use bpfapps_core::output::Format;
use bpfapps_core::{KernelTypes, Options, logging};
use bpfapps_diagnose::{self as diagnose, object::Types};
use bpfapps_explain::Status;
use bpfapps_host::caller;
use bpfapps_host::hooks::Hooks;
use bpfapps_host::hooks::btf::{self, Names};
use libbpf_rs::btf::Btf;

use crate::call;
use crate::objects::lent;
use crate::print;
use crate::registered::Apps;
use check::Check;
use subject::Subject;

/// The options of `doctor`.
#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    /// The app; may be given again. Without any, all of them
    #[arg(value_name = "APP")]
    apps: Vec<String>,
    /// A BPF object file, which need not belong to an app; may be given again
    #[arg(long = "object", value_name = "FILE")]
    objects: Vec<PathBuf>,
    /// Load an object however much memory its maps take
    #[arg(long, requires = "objects")]
    force: bool,
    /// Fix what can be fixed at once, and ask before what concerns everybody on the machine
    #[arg(long)]
    fix: bool,
    /// Answer the questions of --fix with yes
    #[arg(long, requires = "fix")]
    yes: bool,
    /// Format of the report
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = Format::Table)]
    output: Format,
}

impl Doctor {
    /// The report, and the reason for an exit code other than 0.
    pub(crate) fn run(&self, options: &Options, apps: &Apps) -> Result<(String, Option<Error>)> {
        match options.verbose {
            true => logging::init(true),
            // a trial only needs the result
            false => diagnose::listen(false),
        }
        if !self.objects.is_empty() && caller::has_less() {
            return Err(lent("--object").into());
        }
        let types = match options.types()? {
            None if !Path::new(btf::KERNEL).exists() => KernelTypes::bundled().map(Some),
            given => Ok(given),
        };
        let subjects = self.subjects(apps)?;
        // in a thread, whose mounts are its own: what --fix does is done in this one
        let examined = thread::scope(|scope| {
            let thread = scope.spawn(|| examine(&subjects, options, types, apps));
            thread.join()
        });
        let Ok(checks) = examined else {
            bail!("a check panicked")
        };
        if self.fix
            && fix::all(
                checks.iter().filter_map(|check| check.fix.as_ref()),
                self.yes,
            )?
        {
            // rights that a file has count when it is executed
            return Err(fix::again());
        }
        let ill: BTreeSet<_> = checks
            .iter()
            .filter(|check| check.reported.status == Status::Fail)
            .flat_map(|check| check.concerns.iter().cloned())
            .collect();
        let failure = (!ill.is_empty()).then(|| {
            let names: Vec<_> = ill.into_iter().collect();
            anyhow!("this machine can not run {}", check::list(&names))
        });
        let colours = std::io::stdout().is_terminal();
        let text = print::document(self.output, &checks, |checks| {
            let reported = checks.iter().map(|check| &check.reported);
            check::table(
                reported,
                colours,
                print::width(),
                &call::explain(&apps.binary),
            )
        });
        Ok((text?, failure))
    }

    fn subjects(&self, apps: &Apps) -> Result<Vec<Subject>> {
        let mut subjects = Vec::new();
        for name in &self.apps {
            subjects.push(Subject::app(apps.find(name)?)?);
        }
        for file in &self.objects {
            subjects.push(Subject::file(file, self.force)?);
        }
        if subjects.is_empty() {
            for app in apps.iter() {
                subjects.push(Subject::app(app)?);
            }
        }
        Ok(subjects)
    }
}

/// All checks: of the machine first.
fn examine(
    subjects: &[Subject],
    options: &Options,
    given: Result<Option<KernelTypes>>,
    apps: &Apps,
) -> Vec<Check> {
    let (given, missing) = match given {
        Ok(given) => (given, None),
        Err(err) => (None, Some(err)),
    };
    let read = given
        .as_ref()
        .map_or_else(|| btf::KERNEL.into(), KernelTypes::path);
    let btf = missing.map_or_else(|| Btf::from_path(read).context(btf::KERNEL), Err);
    let demands = || subjects.iter().flat_map(Subject::demands);
    let types = btf.as_ref().ok().map(|btf| Types::of(btf, demands()));
    let mut checks = platform::checks(subjects, given.as_ref(), btf.as_ref());
    let (rights, allowed) = rights::checks(subjects, apps.binary.name);
    checks.extend(rights);
    checks.extend(settings::checks(subjects));
    // from here on tracefs is mounted for this thread
    let mut hooks = Hooks::with_tracefs();
    let named = given.as_ref().and_then(KernelTypes::named);
    if let Some(names) = named.and_then(|file| Names::in_file(file).ok()) {
        hooks = hooks.with_types(names);
    }
    for subject in subjects {
        let lacking = rights::lacking(subject);
        let trial = match allowed && lacking.is_empty() {
            true => trial::of(subject, options),
            false => trial::Trial::not_tried(),
        };
        checks.extend(programs::checks(subject, &trial, types.as_ref(), &hooks));
    }
    checks
}

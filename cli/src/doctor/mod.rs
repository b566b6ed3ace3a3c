//! `bpfapps doctor`: whether this machine runs the apps, found out by trying, and what to do where
//! it does not.

mod check;
mod demands;
mod fix;
mod machine;
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
use bpfapps_core::object::Types;
use bpfapps_core::output::{self, Format};
use bpfapps_core::{KERNEL_BTF, Options, init_logging, init_silent_logging};
use libbpf_rs::btf::Btf;

use crate::command::{Apps, find};
use bpfapps_explain::Status;
use check::Check;
use subject::Subject;

/// What `bpfapps doctor` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    /// The app; may be given again. Without any, all of them
    #[arg(value_name = "APP")]
    apps: Vec<String>,
    /// A BPF object file, which need not belong to an app; may be given again
    #[arg(long = "object", value_name = "FILE")]
    objects: Vec<PathBuf>,
    /// Mend what can be mended at once: mount tracefs, give the binary its capabilities
    #[arg(long)]
    fix: bool,
    /// How to print what was found
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = Format::Table)]
    output: Format,
}

impl Doctor {
    /// What was found, as it is to be printed, and why the exit code is not to be 0.
    pub(crate) fn run(&self, options: &Options, apps: &Apps) -> Result<(String, Option<Error>)> {
        match options.verbose {
            true => init_logging(true),
            false => init_silent_logging(),
        }
        let subjects = self.subjects(apps)?;
        // in a thread, whose mounts are its own: what --fix does is done in this one
        let examined = thread::scope(|scope| {
            let thread = scope.spawn(|| examine(&subjects, options));
            thread.join()
        });
        let Ok(checks) = examined else {
            bail!("a check panicked")
        };
        if self.fix && fix::all(&checks)? {
            // rights that a file has count when it is executed
            return Err(fix::again());
        }
        let ill: BTreeSet<_> = checks
            .iter()
            .filter(|check| check.told.status == Status::Fail)
            .flat_map(|check| check.concerns.iter().cloned())
            .collect();
        let failure = (!ill.is_empty()).then(|| {
            let names: Vec<_> = ill.into_iter().collect();
            anyhow!("this machine can not run {}", check::list(&names))
        });
        let colours = std::io::stdout().is_terminal();
        let text = output::document(self.output, &checks, |checks| {
            check::table(checks.iter().map(|check| &check.told), colours)
        });
        Ok((text?, failure))
    }

    fn subjects(&self, apps: &Apps) -> Result<Vec<Subject>> {
        let mut subjects = Vec::new();
        for name in &self.apps {
            subjects.push(Subject::app(find(apps, name)?)?);
        }
        for file in &self.objects {
            subjects.push(Subject::file(file)?);
        }
        if subjects.is_empty() {
            for app in apps {
                subjects.push(Subject::app(app)?);
            }
        }
        Ok(subjects)
    }
}

/// All checks: of the machine first.
fn examine(subjects: &[Subject], options: &Options) -> Vec<Check> {
    let file = options.btf.as_deref().unwrap_or(Path::new(KERNEL_BTF));
    let btf = Btf::from_path(file).with_context(|| file.display().to_string());
    let demands = || subjects.iter().flat_map(Subject::demands);
    let types = btf.as_ref().ok().map(|btf| Types::of(btf, demands()));
    let mut checks = machine::checks(subjects, file, btf.as_ref());
    let (rights, allowed) = rights::checks(subjects);
    checks.extend(rights);
    checks.extend(settings::checks(subjects));
    for subject in subjects {
        let lacking = rights::lacking(subject);
        let trial = match allowed && lacking.is_empty() {
            true => trial::of(subject, options),
            false => trial::Trial::not_tried(),
        };
        checks.extend(programs::checks(subject, &trial, types.as_ref()));
    }
    checks
}

use std::path::Path;

use anyhow::{Context as _, Result};
use bpfapps_core::{Capability, Embedded, Registration};
use bpfapps_diagnose::object::{Demands, Program};
use bpfapps_diagnose::{Object, Target};
use bpfapps_explain::Failure;

use crate::objects;

const MIB: u64 = 1024 * 1024;

/// Maximum memory for the maps of an object named by the caller, in MiB.
const MOST_MEMORY: u64 = 256;

/// An app or object file that is to run here.
pub(crate) struct Subject {
    /// The name of the app or file.
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Its own object first, then the others that it loads.
    pub(super) parts: Vec<Part>,
}

pub(super) enum Kind {
    App(&'static Registration),
    /// A file, about which nothing else is known.
    File,
}

/// An object and its requirements on the kernel.
pub(super) struct Part {
    pub(super) object: Object<'static>,
    pub(super) demands: Demands,
    /// True if nothing runs without it.
    pub(super) is_main: bool,
}

impl Part {
    fn new(object: Object<'static>, is_main: bool) -> Result<Self> {
        object.check()?;
        Ok(Self {
            demands: object.demands(&objects::open(&object)?)?,
            object,
            is_main,
        })
    }
}

impl Subject {
    pub(super) fn app(app: &'static Registration) -> Result<Self> {
        let (mut parts, mut others) = (Vec::new(), Vec::new());
        for embedded in Embedded::all() {
            let is_main = embedded.package == app.package;
            if is_main || app.also_loads.contains(&embedded.name) {
                let part = Part::new(embedded.object(), is_main);
                let part = part.with_context(|| format!("the object of `{}`", app.name))?;
                let kind = if is_main { &mut parts } else { &mut others };
                kind.push(part);
            }
        }
        parts.append(&mut others);
        Ok(Self {
            name: app.name.to_owned(),
            kind: Kind::App(app),
            parts,
        })
    }

    /// `forced`: whatever its maps take.
    pub(super) fn file(file: &Path, forced: bool) -> Result<Self> {
        let name = file.display().to_string();
        let part = Object::read(file).and_then(|object| {
            Part::new(object, true).with_context(|| format!("{name} can't be loaded"))
        })?;
        let memory = part.demands.memory / MIB;
        if memory > MOST_MEMORY && !forced {
            let what = format!("the maps of {name} would take {memory} MiB of memory");
            let hint =
                format!("--force loads it all the same; without it {MOST_MEMORY} MiB is the limit");
            return Err(Failure::new(what, hint).into());
        }
        Ok(Self {
            parts: vec![part],
            name,
            kind: Kind::File,
        })
    }

    pub(super) fn demands(&self) -> impl Iterator<Item = &Demands> {
        self.parts.iter().map(|part| &part.demands)
    }

    /// The programs that are loaded without any option.
    pub(super) fn programs(&self) -> impl Iterator<Item = &Program> {
        let main = self.parts.iter().filter(|part| part.is_main);
        let programs = main.flat_map(|part| &part.demands.programs);
        programs.filter(|program| program.autoload && !program.awaits_hook())
    }

    /// The capabilities that it requires: declared by an app, derived from the programs of a file.
    pub(super) fn capabilities(&self) -> Vec<Capability> {
        let mut all = match self.kind {
            Kind::App(app) => app.needs.capabilities.to_vec(),
            Kind::File => {
                let own = self.programs().flat_map(Program::capabilities);
                own.copied().collect()
            }
        };
        all.sort_by_key(ToString::to_string);
        all.dedup();
        all
    }

    pub(super) fn needs_btf(&self) -> bool {
        match self.kind {
            Kind::App(app) => app.needs.btf,
            Kind::File => self.demands().any(Demands::needs_btf),
        }
    }

    pub(super) fn needs_tracefs(&self) -> bool {
        self.programs()
            .any(|program| matches!(program.target(), Some(Target::Tracepoint(_))))
    }

    /// True if its loader mounts tracefs when needed, as core does.
    pub(super) fn mounts_tracefs(&self) -> bool {
        matches!(self.kind, Kind::App(_))
    }
}

/// Names of the matching subjects.
pub(super) fn names_where(
    subjects: &[Subject],
    predicate: impl Fn(&Subject) -> bool,
) -> Vec<String> {
    let matching = subjects.iter().filter(|subject| predicate(subject));
    matching.map(|subject| subject.name.clone()).collect()
}

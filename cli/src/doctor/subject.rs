use std::path::Path;

use anyhow::{Context as _, Result};
use bpfapps_core::object::{Demands, Program};
use bpfapps_core::{Capability, Object, Registration};

/// What is to run here.
pub(crate) struct Subject {
    /// Of the app, or of the file.
    pub(super) name: String,
    pub(super) kind: Kind,
    /// The object that it is made of, first, and those that it loads besides.
    pub(super) parts: Vec<Part>,
}

pub(super) enum Kind {
    App(&'static Registration),
    /// A file, of which nothing else is known.
    File,
}

/// An object, and what it asks of the kernel.
pub(super) struct Part {
    pub(super) object: Object,
    pub(super) demands: Demands,
    /// Whether nothing runs without it.
    pub(super) is_main: bool,
}

impl Part {
    fn new(object: Object, is_main: bool) -> Result<Self> {
        Ok(Self {
            demands: object.demands()?,
            object,
            is_main,
        })
    }
}

impl Subject {
    pub(super) fn app(app: &'static Registration) -> Result<Self> {
        let mut parts = Vec::new();
        for object in Object::all() {
            let is_main = object.package == Some(app.package);
            if is_main || app.also_loads.contains(&&*object.name) {
                let bytes = &*object.bytes;
                let copy = Object {
                    name: object.name.clone(),
                    package: object.package,
                    bytes: bytes.into(),
                };
                let part = Part::new(copy, is_main);
                parts.push(part.with_context(|| format!("the object of `{}`", app.name))?);
            }
        }
        parts.sort_by_key(|part| !part.is_main);
        Ok(Self {
            name: app.name.to_owned(),
            kind: Kind::App(app),
            parts,
        })
    }

    pub(super) fn file(file: &Path) -> Result<Self> {
        let name = file.display().to_string();
        let part = Object::read(file).and_then(|object| {
            Part::new(object, true).with_context(|| format!("{name} can't be loaded"))
        });
        Ok(Self {
            parts: vec![part?],
            name,
            kind: Kind::File,
        })
    }

    pub(super) fn demands(&self) -> impl Iterator<Item = &Demands> {
        self.parts.iter().map(|part| &part.demands)
    }

    /// The programs that are loaded where nobody asks for more.
    pub(super) fn programs(&self) -> impl Iterator<Item = &Program> {
        let main = self.parts.iter().filter(|part| part.is_main);
        let programs = main.flat_map(|part| &part.demands.programs);
        programs.filter(|program| program.autoload)
    }

    /// What it can't do without: an app says so, and of a file it follows from its programs.
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
        self.programs().any(|program| program.hook.is_in_tracefs())
    }

    /// Whether whoever loads it mounts tracefs where it is not: core does.
    pub(super) fn mounts_tracefs(&self) -> bool {
        matches!(self.kind, Kind::App(_))
    }
}

/// The names of those of which that is so.
pub(super) fn those(subjects: &[Subject], is_so: impl Fn(&Subject) -> bool) -> Vec<String> {
    let those = subjects.iter().filter(|subject| is_so(subject));
    those.map(|subject| subject.name.clone()).collect()
}

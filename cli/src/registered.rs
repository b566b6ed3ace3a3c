use anyhow::{Context as _, Result};
use bpfapps_core::{Registration, registry};
use bpfapps_explain::{did_you_mean, nearest};

use crate::{Binary, call};

/// The apps in this binary, sorted by name.
pub(crate) struct Apps {
    pub(crate) binary: Binary,
    all: Vec<&'static Registration>,
}

impl Apps {
    /// # Errors
    ///
    /// Two of them have one name.
    pub(crate) fn of(binary: Binary) -> Result<Self> {
        Ok(Self {
            binary,
            all: registry()?,
        })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &'static Registration> {
        self.all.iter().copied()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'static Registration> {
        self.iter().find(|app| app.name == name)
    }

    /// # Errors
    ///
    /// There is no such app.
    pub(crate) fn find(&self, name: &str) -> Result<&'static Registration> {
        self.get(name)
            .with_context(|| format!("there is no app `{name}`: {}", self.advice(name)))
    }

    /// What to do about a name that no app has: similar names, or the command that lists them.
    pub(crate) fn advice(&self, name: &str) -> String {
        let near = nearest(name, self.iter().map(|app| app.name));
        did_you_mean(&near).unwrap_or_else(|| format!("see `{}`", self.list()))
    }

    /// The command that lists them.
    pub(crate) fn list(&self) -> String {
        format!("{} list", call::again(&self.binary))
    }
}

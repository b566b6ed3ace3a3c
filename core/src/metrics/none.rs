//! In place of metrics where the binary is built without them.

use anyhow::Result;
use libbpf_rs::{MapCore, Object};

use crate::events::Counters;
use crate::output::{Counts, Document};

/// No option.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Arguments {}

impl Arguments {
    pub(crate) fn served(self, _: &str) -> Option<Served> {
        None
    }
}

/// There are none.
#[derive(Debug)]
pub(crate) enum Served {}

/// There are none.
#[derive(Debug)]
pub(crate) enum Metrics {}

impl Metrics {
    pub(crate) fn start(served: &Served) -> Result<Self> {
        match *served {}
    }

    pub(crate) fn watch_programs(&self, _: &Object) {
        match *self {}
    }

    pub(crate) fn watch_losses(&self, _: Counters) -> Result<()> {
        match *self {}
    }

    pub(crate) fn watch_ring(&self, _: &impl MapCore) -> Result<()> {
        match *self {}
    }

    pub(crate) fn counts(&self, _: &[Document]) -> Counts {
        match *self {}
    }

    pub(crate) fn serve(&self) -> Result<()> {
        match *self {}
    }
}

//! In place of metrics where the binary is built without them.

use std::sync::Arc;

use anyhow::Result;
use clap::Command;
use libbpf_rs::{MapCore, Object};

use crate::events::{Count, Counters};
use crate::output::{Document, Observer};

/// No option.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Arguments {}

impl Arguments {
    pub(crate) fn augment(command: Command, _: &[Document]) -> Command {
        command
    }

    pub(crate) fn served(self, _: &str, _: bool) -> Option<Served> {
        None
    }
}

/// There are none.
#[derive(Debug)]
pub(crate) enum Served {}

/// There is none.
#[derive(Debug)]
pub(crate) enum Page {}

/// There are none.
#[derive(Debug)]
pub(crate) enum Metrics {}

impl Metrics {
    pub(crate) fn start(served: &Served) -> Result<Self> {
        match *served {}
    }

    pub(crate) fn watch_object(&self, _: &Object) {
        match *self {}
    }

    pub(crate) fn watch_losses(&self, _: Counters, _: Vec<(&'static str, Count)>) -> Result<()> {
        match *self {}
    }

    pub(crate) fn watch_ring(&self, _: &impl MapCore) -> Result<()> {
        match *self {}
    }

    pub(crate) fn reads_documents(&self) -> bool {
        match *self {}
    }

    pub(crate) fn observer(&self, _: &[Document]) -> Box<dyn Observer> {
        match *self {}
    }

    pub(crate) fn serve(&self) -> Result<Option<Arc<Page>>> {
        match *self {}
    }
}

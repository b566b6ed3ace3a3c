//! In place of telemetry where the binary is built without it.

use std::sync::Arc;

use anyhow::Result;
use clap::Command;

use crate::events::Count;
use crate::metrics::Page;
use crate::output::{Document, Observer};

/// No option.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Arguments {}

impl Arguments {
    pub(crate) fn augment(command: Command, _: &[Document]) -> Command {
        command
    }

    pub(crate) fn sent(self, _: &str) -> Option<Sent> {
        None
    }
}

/// There is nothing to send.
#[derive(Debug)]
pub(crate) enum Sent {}

/// There is none.
#[derive(Debug)]
pub(crate) enum Telemetry {}

impl Telemetry {
    pub(crate) fn new(sent: Sent) -> Result<Self> {
        match sent {}
    }

    pub(crate) fn observer(&self) -> Box<dyn Observer> {
        match *self {}
    }

    pub(crate) fn start(&self, _: Arc<Page>) -> Result<()> {
        match *self {}
    }

    pub(crate) fn finish(&self) {
        match *self {}
    }

    pub(crate) fn is_finished(&self) -> bool {
        match *self {}
    }

    pub(crate) fn lost(&self) -> Count {
        match *self {}
    }
}

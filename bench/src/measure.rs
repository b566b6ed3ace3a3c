//! The measurements, one module each.

pub(crate) mod count;
pub(crate) mod drain;
pub(crate) mod idle;
pub(crate) mod kernel;
pub(crate) mod memory;
pub(crate) mod mount;
pub(crate) mod ready;
pub(crate) mod rebuild;
pub(crate) mod scrape;
pub(crate) mod size;
pub(crate) mod storm;

//! A file in place of stdout: rotated by us or by others, and continued after the disk was full.

mod compress;
mod current;
mod names;
mod old;
mod options;

pub(crate) use current::OutputFile;
pub(crate) use options::FileOptions;

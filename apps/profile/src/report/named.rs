//! Samples whose functions have names: what each format is made of.

use crate::places::Frame;

/// Samples whose functions have names.
#[derive(Debug, Default)]
pub(crate) struct Named {
    pub(crate) files: Vec<NamedFile>,
    pub(crate) functions: Vec<Function>,
    pub(crate) places: Vec<Place>,
    pub(crate) stacks: Vec<NamedStack>,
}

/// A program or library.
#[derive(Debug)]
pub(crate) struct NamedFile {
    pub(crate) path: String,
    pub(crate) build_id: String,
}

/// A function, and the file of its source if that is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) is_kernel: bool,
}

/// A place in a program: a function, and those that the compiler has put into it.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) frame: Frame,
    /// Functions with lines of source (0 is unknown), from the outermost to the innermost one.
    pub(crate) lines: Vec<(usize, u32)>,
}

/// A stack, from the outermost place to the innermost one.
#[derive(Debug)]
pub(crate) struct NamedStack {
    pub(crate) comm: String,
    pub(crate) places: Vec<usize>,
    pub(crate) count: u64,
}

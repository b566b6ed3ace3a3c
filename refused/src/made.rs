//! The kinds of `cargo xtask new` with [`MISTAKES`](crate::MISTAKES) in them.

/// The object of a kind.
pub struct Made {
    /// The kind.
    pub kind: &'static str,
    /// The oldest Linux for it.
    pub kernel: &'static str,
    /// The mistake; none is empty.
    pub mistake: &'static str,
    /// The lines that may be marked.
    pub lines: &'static [usize],
    /// The line that has to be shown as where the value comes from.
    pub from: Option<usize>,
    /// What the message or the fix has to name.
    pub names: &'static str,
    /// The object file.
    pub object: &'static [u8],
}

/// Each kind as it is rendered, and with each mistake that has a place in it.
pub const MADE: &[Made] = include!(concat!(env!("OUT_DIR"), "/made.rs"));

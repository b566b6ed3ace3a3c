use std::fmt;

use anyhow::Result;

/// Why a test can not run here.
#[derive(Debug)]
pub(crate) struct Skipped(pub(crate) String);

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Skipped {}

/// The result of a test that cannot run on this machine, as in `return skip("this kernel has no
/// kprobes")`: the test counts as skipped, and the reason is printed.
///
/// # Errors
///
/// Always.
pub fn skip(reason: impl Into<String>) -> Result<()> {
    Err(Skipped(reason.into()).into())
}

use std::fmt;

use bpfapps_explain::Code;

/// An error that has a page.
#[derive(Debug)]
pub(crate) struct Explained {
    message: String,
    code: Code,
}

impl Explained {
    pub(crate) fn new(message: String, code: Code) -> Self {
        Self { message, code }
    }

    /// What shows the page.
    pub(crate) fn more(&self) -> String {
        format!(" (more: bpfapps explain {})", self.code)
    }
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Explained {}

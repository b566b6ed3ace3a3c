use anyhow::{Result, ensure};

/// The end of a program, and its whole output.
#[derive(Debug)]
pub struct Exit {
    /// The process id that it had.
    pub pid: u32,
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The lines on stdout.
    pub stdout: Vec<String>,
    /// The lines on stderr.
    pub stderr: Vec<String>,
}

impl Exit {
    /// Fails with the program's output unless it exited with `code`.
    ///
    /// # Errors
    ///
    /// It ended otherwise.
    pub fn expect_code(self, code: i32) -> Result<Self> {
        ensure!(
            self.code == Some(code),
            "expected exit code {code}: {self:#?}"
        );
        Ok(self)
    }

    /// Fails if the program said anything on stderr.
    ///
    /// # Errors
    ///
    /// It did.
    pub fn expect_no_stderr(self) -> Result<Self> {
        ensure!(
            self.stderr.is_empty(),
            "expected nothing on stderr: {self:#?}"
        );
        Ok(self)
    }

    /// Fails unless a line on stderr contains `text`.
    ///
    /// # Errors
    ///
    /// None does.
    pub fn expect_stderr(self, text: &str) -> Result<Self> {
        let found = self.stderr.iter().any(|line| line.contains(text));
        ensure!(found, "expected `{text}` on stderr: {self:#?}");
        Ok(self)
    }

    /// Fails unless a line of stdout contains `text`.
    ///
    /// # Errors
    ///
    /// None does.
    pub fn expect_stdout(self, text: &str) -> Result<Self> {
        let found = self.stdout.iter().any(|line| line.contains(text));
        ensure!(found, "expected `{text}` on stdout: {self:#?}");
        Ok(self)
    }
}

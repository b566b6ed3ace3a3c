//! `explain`: the page of a code, or the cause of a failure in a recorded log.

use std::io::{self, IsTerminal as _, Read as _};
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::string::FromUtf8Error;

use anyhow::{Context, Result};
use bpfapps_core::Code;
use bpfapps_core::output::Format;
use bpfapps_diagnose::{Object, recorded};
use bpfapps_explain::{Failure, report, wrap_page};
use bpfapps_host::files;
use nix::sys::stat::{SFlag, fstat};

use super::finding::Finding;
use crate::print;

/// Maximum size of a log, in bytes.
const LARGEST: u64 = 256 << 20;

/// The options of `explain`.
#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// The code, such as BPF0001; without one all of them are listed
    code: Option<Code>,
    /// Explain the verifier log in FILE, from any loader [default: stdin, if it is a file or a pipe]
    #[arg(long, value_name = "FILE", conflicts_with = "code")]
    log: Option<PathBuf>,
    /// The object file that the log is about, for its source lines
    #[arg(long, value_name = "FILE", conflicts_with = "code")]
    object: Option<PathBuf>,
    /// The program that the log is about, if neither log nor object tells
    #[arg(long, value_name = "NAME", conflicts_with = "code")]
    program: Option<String>,
    /// Format of the explanation of a log
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = Format::Table)]
    output: Format,
}

impl Explain {
    /// The text to print. `explain` is the command that shows pages.
    pub(crate) fn run(&self, explain: &str) -> Result<String> {
        if let Some(code) = self.code {
            return Ok(wrap_page(code.page(), print::width()));
        }
        match self.read()? {
            Some(log) => self.recorded(&log, explain),
            None => Ok(Code::list()),
        }
    }

    fn recorded(&self, log: &str, explain: &str) -> Result<String> {
        let object = self.object.as_deref().map(Object::read).transpose()?;
        if let Some(object) = &object {
            object
                .check()
                .with_context(|| format!("failed to read {}", object.name))?;
        }
        let colours = self.output == Format::Table && io::stdout().is_terminal();
        let failure = recorded(log, object.as_ref(), self.program.as_deref(), colours);
        let failure = failure.ok_or_else(|| {
            Failure::new(
                "there is neither a verifier log nor a known message of libbpf in this text",
                "pass all that the loader printed; a loader that prints too little has an option \
                 for more, such as bpftool -d prog load",
            )
        })?;
        let error = failure.into();
        print::document(self.output, &Finding::of(&error), |_| {
            report(&error, explain)
        })
    }

    /// The log; `None` if nobody passes one.
    fn read(&self) -> Result<Option<String>> {
        let bytes = match &self.log {
            Some(file) if file.as_os_str() != "-" => files::read(file, LARGEST)?,
            Some(_) => stdin()?,
            None if self.object.is_some() || self.program.is_some() || is_passed() => stdin()?,
            None => return Ok(None),
        };
        // nothing was said through a pipe: nobody meant to
        if bytes.is_empty() && self.log.is_none() && self.object.is_none() {
            return Ok(None);
        }
        let text = String::from_utf8(bytes);
        let lossy = |err: FromUtf8Error| String::from_utf8_lossy(err.as_bytes()).into_owned();
        Ok(Some(text.unwrap_or_else(lossy)))
    }
}

/// True if stdin is a file or a pipe, rather than a terminal or /dev/null.
fn is_passed() -> bool {
    let kind = fstat(io::stdin().as_fd()).map(|stat| SFlag::from_bits_truncate(stat.st_mode));
    kind.is_ok_and(|kind| [SFlag::S_IFREG, SFlag::S_IFIFO].contains(&(kind & SFlag::S_IFMT)))
}

fn stdin() -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .take(LARGEST)
        .read_to_end(&mut bytes)
        .context("failed to read stdin")?;
    Ok(bytes)
}

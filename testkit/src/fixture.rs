use std::env;
use std::process::Command;

use anyhow::{Context, Result, anyhow};

/// A program that tests start; see [`fixture`].
#[derive(Clone, Copy, Debug)]
pub struct Fixture {
    /// The function's name.
    pub name: &'static str,
    /// Gets the arguments of the command line.
    pub run: fn(&[String]) -> Result<()>,
}

/// The [`Fixture`] of a function.
#[macro_export]
macro_rules! fixture {
    ($name:ident) => {
        $crate::Fixture {
            name: stringify!($name),
            run: $name,
        }
    };
}

/// Set to a fixture's name, it makes a test binary run that instead of its tests.
pub(crate) const FIXTURE: &str = "BPFAPPS_FIXTURE";

/// The path of this test binary, for apps that trace programs.
///
/// # Errors
///
/// It is not known, or no UTF-8.
pub fn own_path() -> Result<String> {
    let path = env::current_exe().context("failed to find the test binary")?;
    path.into_os_string()
        .into_string()
        .map_err(|path| anyhow!("{} is no UTF-8", path.display()))
}

/// The command that runs a fixture of this test binary.
///
/// # Errors
///
/// Those of [`own_path`].
pub fn fixture(name: &str) -> Result<Command> {
    let mut command = Command::new(own_path()?);
    command.env(FIXTURE, name);
    Ok(command)
}

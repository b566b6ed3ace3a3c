//! The folder for downloads.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// The folder for downloads that more than one workspace can use.
///
/// # Errors
///
/// The user has no home.
pub fn folder() -> Result<PathBuf> {
    let base = match (env::var_os("XDG_CACHE_HOME"), env::var_os("HOME")) {
        (Some(cache), _) if Path::new(&cache).is_absolute() => PathBuf::from(cache),
        (_, Some(home)) => Path::new(&home).join(".cache"),
        _ => bail!("there is no HOME to keep downloads in"),
    };
    Ok(base.join("bpfapps"))
}

//! Prometheus for the tests that look at its metrics and rules with it.
//!
//! Debian's package is unpacked, not installed: installed, it would start a server.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use bpfapps_task::path;
use bpfapps_task::workspace::Workspace;

use crate::out;

/// PATH with Prometheus in it. Without one its tests are skipped, which is said.
pub(super) fn search_path() -> Result<OsString> {
    let own = env::var_os("PATH").unwrap_or_default();
    if path::has("promtool") {
        return Ok(own);
    }
    let folder = Workspace::here()?.target().join("prometheus");
    if !folder.exists()
        && let Err(err) = unpack(&folder)
    {
        out::note(format_args!("tests with Prometheus are skipped: {err:#}"));
        return Ok(own);
    }
    let programs = [folder.join("usr/bin")].into_iter();
    Ok(env::join_paths(programs.chain(env::split_paths(&own)))?)
}

fn unpack(folder: &Path) -> Result<()> {
    for program in ["apt-get", "dpkg-deb"] {
        ensure!(path::has(program), "this machine has no {program}");
    }
    let fresh = folder.with_extension("new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?;
    }
    fs::create_dir_all(&fresh)?;
    let mut download = Command::new("apt-get");
    run(download
        .args(["--quiet=2", "download", "prometheus"])
        .current_dir(&fresh))?;
    let package = package(&fresh)?;
    let mut extract = Command::new("dpkg-deb");
    run(extract.arg("--extract").arg(&package).arg(&fresh))?;
    fs::remove_file(package)?;
    fs::rename(&fresh, folder).context("failed to keep Prometheus")
}

fn package(folder: &Path) -> Result<PathBuf> {
    let mut files = fs::read_dir(folder)?;
    let file = files.next().context("apt-get downloaded nothing")??;
    Ok(file.path())
}

fn run(command: &mut Command) -> Result<()> {
    let ended = command.stdin(Stdio::null()).output();
    let ended =
        ended.with_context(|| format!("failed to run {}", command.get_program().display()))?;
    let said = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "{}", said.trim_end());
    Ok(())
}

//! Debian's packages for the tests that run what is shipped with them.
//!
//! They are unpacked below target/, not installed: installed, they would start servers.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use bpfapps_host::shell;
use bpfapps_task::path;
use bpfapps_task::workspace::Workspace;

use crate::out;

/// Where systemd is on a machine that it does not run.
const SYSTEMD: &str = "/usr/lib/systemd/systemd";

/// The browser that draws the pages of profile, as its tests call it.
const BROWSER: &str = "chromium";

/// Downloads a package and what this machine lacks for it.
const WITH_LIBRARIES: [&str; 5] = [
    "--yes",
    "--no-install-recommends",
    "--download-only",
    "--option=APT::Sandbox::User=root",
    "install",
];

/// Folders that are links into /usr on a machine of today.
const MERGED: [&str; 4] = ["bin", "lib", "lib64", "sbin"];

/// PATH with Prometheus and a browser in it. Without them their tests are skipped, which is said.
pub(super) fn path() -> Result<OsString> {
    let mut folders = Vec::new();
    // its program needs none of the packages that the package asks for
    if !path::has("promtool")
        && let Some(folder) = unpacked("prometheus", &["download"])?
    {
        folders.push(folder.join("usr/bin"));
    }
    if !path::has(BROWSER)
        && let Some(folder) = unpacked("chromium-headless-shell", &WITH_LIBRARIES)?
    {
        folders.extend(browser(&folder)?);
    }
    let own = env::var_os("PATH").unwrap_or_default();
    let folders = folders.into_iter().chain(env::split_paths(&own));
    Ok(env::join_paths(folders)?)
}

/// A folder with the browser as a command, which finds the libraries beside it; none if it does not
/// run here.
fn browser(unpacked: &Path) -> Result<Option<PathBuf>> {
    let folder = unpacked.join("bin");
    fs::create_dir_all(&folder)?;
    let libraries = unpacked.join(format!("usr/lib/{}-linux-gnu", env::consts::ARCH));
    let libraries = format!("LD_LIBRARY_PATH={0}:{0}/pulseaudio", libraries.display());
    let browser = unpacked.join("usr/lib/chromium/chromium-headless-shell");
    let words = ["env".as_ref(), libraries.as_ref(), browser.as_os_str()];
    let command = format!("#!/bin/sh\nexec {} \"$@\"\n", shell::command(&words));
    let program = folder.join(BROWSER);
    fs::write(&program, command)?;
    fs::set_permissions(&program, Permissions::from_mode(0o755))?;
    let runs = run(Command::new(&program).arg("--version"), Stdio::null());
    Ok(match runs {
        Ok(()) => Some(folder),
        Err(err) => {
            out::note(format_args!("tests with {BROWSER} are skipped: {err:#}"));
            None
        }
    })
}

/// Has systemd in `target/systemd`, with the libraries that this machine lacks, unless it is
/// installed. Without one its tests are skipped, which is said.
pub(super) fn bring_systemd() -> Result<()> {
    if !Path::new(SYSTEMD).exists() {
        unpacked("systemd", &WITH_LIBRARIES)?;
    }
    Ok(())
}

/// The folder `target/NAME`, with what apt-get downloads of a package there.
fn unpacked(name: &str, download: &[&str]) -> Result<Option<PathBuf>> {
    let folder = Workspace::here()?.target().join(name);
    if !folder.exists()
        && let Err(err) = unpack(name, download, &folder)
    {
        out::note(format_args!("tests with {name} are skipped: {err:#}"));
        return Ok(None);
    }
    Ok(Some(folder))
}

fn unpack(name: &str, download: &[&str], folder: &Path) -> Result<()> {
    for program in ["apt-get", "dpkg-deb", "tar"] {
        ensure!(path::has(program), "this machine has no {program}");
    }
    let fresh = folder.with_extension("new");
    let archives = folder.with_extension("archives");
    for new in [&fresh, &archives] {
        if new.exists() {
            fs::remove_dir_all(new)?;
        }
        fs::create_dir_all(new)?;
    }
    let mut get = Command::new("apt-get");
    get.arg("--quiet=2").arg(format!(
        "--option=Dir::Cache::Archives={}/",
        archives.display()
    ));
    run(
        get.args(download).arg(name).current_dir(&archives),
        Stdio::null(),
    )?;
    for link in MERGED {
        if Path::new("/").join(link).is_symlink() {
            fs::create_dir_all(fresh.join("usr").join(link))?;
            symlink(Path::new("usr").join(link), fresh.join(link))?;
        }
    }
    let mut count = 0;
    for entry in fs::read_dir(&archives)? {
        let package = entry?.path();
        if package.extension() == Some(OsStr::new("deb")) {
            extract(&package, &fresh)?;
            count += 1;
        }
    }
    ensure!(count > 0, "apt-get downloaded nothing");
    fs::remove_dir_all(archives)?;
    fs::rename(&fresh, folder).with_context(|| format!("failed to keep {name}"))
}

/// As `dpkg-deb --extract`, which would replace links by folders.
fn extract(package: &Path, folder: &Path) -> Result<()> {
    let mut files = Command::new("dpkg-deb");
    files.arg("--fsys-tarfile").arg(package);
    let mut files = files.stdout(Stdio::piped()).spawn()?;
    let stdout = files.stdout.take().context("stdout is a pipe")?;
    let mut tar = Command::new("tar");
    tar.args(["--extract", "--keep-directory-symlink", "--directory"]);
    let extracted = run(tar.arg(folder), stdout);
    ensure!(files.wait()?.success(), "dpkg-deb has failed");
    extracted
}

fn run(command: &mut Command, stdin: impl Into<Stdio>) -> Result<()> {
    let ended = command.stdin(stdin).output();
    let ended =
        ended.with_context(|| format!("failed to run {}", command.get_program().display()))?;
    let said = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "{}", said.trim_end());
    Ok(())
}

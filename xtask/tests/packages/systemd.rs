//! The units, as systemd sees them.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{Test, skip, test};
use tempfile::TempDir;

use super::{Shipped, tool};

pub(super) const TESTS: &[Test] = &[
    test!(units_are_understood),
    test!(exposure_of_a_service_is_at_most_2),
    test!(app_that_needs_tracefs_starts_as_root),
];

const NO_SYSTEMD: &str = "systemd-analyze is not installed";

/// What each unit refers to.
const TARGETS: [&str; 5] = ["sysinit", "basic", "shutdown", "sockets", "multi-user"];

/// The root of a machine that has the units and the binary.
fn root() -> Result<TempDir> {
    let shipped = Shipped::new()?;
    let folder = tempfile::tempdir()?;
    let units = folder.path().join("usr/lib/systemd/system");
    let programs = folder.path().join("usr/bin");
    fs::create_dir_all(&units)?;
    fs::create_dir_all(&programs)?;
    fs::copy(shipped.path().join("bpfapps"), programs.join("bpfapps"))?;
    copy(&shipped.path().join("systemd"), &units)?;
    for target in TARGETS {
        let text = format!("[Unit]\nDescription={target}\n");
        fs::write(units.join(format!("{target}.target")), text)?;
    }
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

fn analyze(root: &TempDir, args: &[&str]) -> Result<Option<String>> {
    let mut command = Command::new("systemd-analyze");
    command.arg("--root").arg(root.path()).args(args);
    tool(command.env("SYSTEMD_COLORS", "0"))
}

fn units_are_understood() -> Result<()> {
    let units = [
        "bpfapps@procs.service",
        "bpfapps@procs.socket",
        "bpfapps@minimal.service",
    ];
    // a mistake is a line on stderr, and no failure
    let verify = [&["--man=no", "verify"], &units[..]].concat();
    match analyze(&root()?, &verify)? {
        Some(said) => ensure!(said.is_empty(), "{said}"),
        None => return skip(NO_SYSTEMD),
    }
    Ok(())
}

fn exposure_of_a_service_is_at_most_2() -> Result<()> {
    let root = root()?;
    for unit in ["bpfapps@procs.service", "bpfapps@minimal.service"] {
        // in tenths; it fails above
        let args = [
            "security",
            "--offline=true",
            "--threshold=20",
            "--no-pager",
            unit,
        ];
        let Some(said) = analyze(&root, &args)? else {
            return skip(NO_SYSTEMD);
        };
        ensure!(said.contains("Overall exposure level"), "{said}");
    }
    Ok(())
}

fn app_that_needs_tracefs_starts_as_root() -> Result<()> {
    let units = Shipped::new()?.path().join("systemd");
    let mut with_more = Vec::new();
    for entry in fs::read_dir(&units)? {
        let name = entry?.file_name().into_string();
        let name = name.ok().context("a name")?;
        with_more.extend(name.strip_suffix(".service.d").map(str::to_owned));
    }
    with_more.sort();
    ensure!(
        with_more == ["bpfapps@minimal", "bpfapps@profile", "bpfapps@top"],
        "{with_more:?}"
    );
    let text = fs::read_to_string(units.join("bpfapps@minimal.service.d/needs.conf"))?;
    ensure!(text.contains("\nUser=root\n"), "{text}");
    Ok(())
}

//! The package, as dpkg sees it.

use std::process::Command;

use anyhow::{Result, ensure};
use bpfapps_testkit::{Test, skip, test};

use super::{Shipped, tool};

pub(super) const TESTS: &[Test] = &[
    test!(deb_says_what_it_is),
    test!(deb_installs_what_belongs_to_root),
    test!(scripts_are_shell),
];

const NO_DPKG: &str = "dpkg-deb is not installed";

fn deb_says_what_it_is() -> Result<()> {
    let shipped = Shipped::new()?;
    let deb = shipped.packed("deb")?;
    let Some(said) = tool(Command::new("dpkg-deb").arg("--field").arg(&deb))? else {
        return skip(NO_DPKG);
    };
    let version = &shipped.facts.shipped.version;
    for line in [
        "Package: bpfapps",
        &format!("Version: {version}"),
        "Description: BPF applications in one binary",
        " bpfapps bootstrap: Trace process starts and exits.",
    ] {
        ensure!(said.lines().any(|it| it == line), "no `{line}` in {said}");
    }
    ensure!(!said.contains("Depends"), "it needs nothing: {said}");
    Ok(())
}

fn deb_installs_what_belongs_to_root() -> Result<()> {
    let deb = Shipped::new()?.packed("deb")?;
    let Some(list) = tool(Command::new("dpkg-deb").arg("--contents").arg(&deb))? else {
        return skip(NO_DPKG);
    };
    for (mode, path) in [
        ("-rwxr-xr-x", "usr/bin/bpfapps"),
        ("-rw-r--r--", "etc/bpfapps/config.yaml"),
        ("-rw-r--r--", "usr/lib/systemd/system/bpfapps@.service"),
        ("-rw-r--r--", "usr/lib/systemd/system/bpfapps@.socket"),
        ("-rw-r--r--", "usr/share/man/man1/bpfapps-procs.1.gz"),
        (
            "-rw-r--r--",
            "usr/share/bash-completion/completions/bpfapps",
        ),
        ("-rw-r--r--", "usr/share/zsh/vendor-completions/_bpfapps"),
        (
            "-rw-r--r--",
            "usr/share/fish/vendor_completions.d/bpfapps.fish",
        ),
        ("-rw-r--r--", "usr/share/doc/bpfapps/copyright"),
    ] {
        let path = format!(" ./{path}");
        let line = list.lines().find(|line| line.ends_with(&path));
        let is_right = line.is_some_and(|line| line.starts_with(mode));
        ensure!(is_right, "{mode}{path} in {list}");
    }
    let others: Vec<_> = list
        .lines()
        .filter(|it| !it.contains(" root/root "))
        .collect();
    ensure!(others.is_empty(), "not root's: {others:?}");
    Ok(())
}

fn scripts_are_shell() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let deb = Shipped::new()?.packed("deb")?;
    let mut extract = Command::new("dpkg-deb");
    let extract = extract.arg("--control").arg(&deb).arg(folder.path());
    if tool(extract)?.is_none() {
        return skip(NO_DPKG);
    }
    for script in ["postinst", "prerm", "postrm"] {
        let path = folder.path().join(script);
        tool(Command::new("sh").arg("-n").arg(&path))?;
        // with arguments of other actions it does nothing
        tool(Command::new(&path).arg("abort-upgrade"))?;
    }
    Ok(())
}

//! The package, as rpm sees it.

use std::process::Command;

use anyhow::{Result, ensure};
use bpfapps_testkit::{Test, skip, test};

use super::{Shipped, tool};

pub(super) const TESTS: &[Test] = &[test!(rpm_is_whole_and_has_each_file)];

fn rpm_is_whole_and_has_each_file() -> Result<()> {
    let rpm = Shipped::new()?.packed("rpm")?;
    let Some(checked) = tool(Command::new("rpm").arg("--checksig").arg(&rpm))? else {
        return skip("rpm is not installed");
    };
    ensure!(checked.contains("digests OK"), "{checked}");
    let query = |what: &[&str]| {
        let said = tool(
            Command::new("rpm")
                .args(["--query", "--package"])
                .args(what)
                .arg(&rpm),
        );
        said.map(Option::unwrap_or_default)
    };
    let list = query(&["--list"])?;
    for path in [
        "/usr/bin/bpfapps",
        "/etc/bpfapps/config.yaml",
        "/usr/lib/systemd/system/bpfapps@.service",
        "/usr/lib/systemd/system/bpfapps@.socket",
        "/usr/share/man/man1/bpfapps-procs.1.gz",
        "/usr/share/zsh/site-functions/_bpfapps",
        "/usr/share/licenses/bpfapps/NOTICES",
    ] {
        ensure!(list.lines().any(|it| it == path), "no {path} in {list}");
    }
    let configuration = query(&["--configfiles"])?;
    ensure!(
        configuration == "/etc/bpfapps/config.yaml\n",
        "{configuration}"
    );
    let needs = query(&["--requires"])?;
    ensure!(!needs.contains(".so"), "it needs libraries: {needs}");
    Ok(())
}

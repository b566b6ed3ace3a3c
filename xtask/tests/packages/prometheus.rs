//! The rules, as Prometheus sees them.

use std::process::Command;

use anyhow::{Result, ensure};
use bpfapps_testkit::{Test, skip, test};

use super::{Shipped, tool};

pub(super) const TESTS: &[Test] = &[test!(rules_alert_when_they_are_to)];

fn rules_alert_when_they_are_to() -> Result<()> {
    let folder = Shipped::new()?.path().join("prometheus");
    let mut test = Command::new("promtool");
    let test = test.args(["test", "rules", "bpfapps.rules.test.yaml"]);
    let Some(said) = tool(test.current_dir(&folder))? else {
        return skip("promtool is not installed");
    };
    ensure!(said.contains("SUCCESS"), "{said}");
    let mut check = Command::new("promtool");
    tool(
        check
            .args(["check", "config", "scrape.yaml"])
            .current_dir(&folder),
    )?;
    Ok(())
}

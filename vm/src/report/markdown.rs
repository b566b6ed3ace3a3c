//! A table for a README: kernels across, packages down.

use std::fmt::Write as _;

use anyhow::Result;

use crate::results::{Outcome, Results};

/// The number of passed tests of each package, followed by the skipped and failed ones.
pub(crate) fn markdown(machines: &[Results]) -> Result<String> {
    let mut text = "| kernel tests |".to_owned();
    for machine in machines {
        write!(text, " {} |", machine.machine)?;
    }
    writeln!(text, "\n|---|{}", "---|".repeat(machines.len()))?;
    let tests = machines.iter().flat_map(|machine| &machine.tests);
    let mut packages: Vec<_> = tests.map(|test| test.package.as_str()).collect();
    packages.sort_unstable();
    packages.dedup();
    for package in packages {
        write!(text, "| {} |", name(package))?;
        for machine in machines {
            write!(text, " {} |", cell(machine, |of| of == package))?;
        }
        text.push('\n');
    }
    write!(text, "| **all** |")?;
    for machine in machines {
        let seconds = machine.seconds.round();
        write!(text, " **{}** in {seconds} s |", cell(machine, |_| true))?;
    }
    text.push('\n');
    Ok(text)
}

/// The name of an app or kind, without the parts that all have.
fn name(package: &str) -> &str {
    let name = package.trim_start_matches("bpfapps-");
    name.strip_prefix("of-templates-").unwrap_or(name)
}

fn cell(machine: &Results, of: impl Fn(&str) -> bool) -> String {
    let count = |outcome| {
        let tests = machine.tests.iter().filter(|test| of(&test.package));
        tests.filter(|test| test.outcome == outcome).count()
    };
    let mut parts = Vec::new();
    for (outcome, word) in [
        (Outcome::Passed, ""),
        (Outcome::Skipped, " skipped"),
        (Outcome::Failed, " FAILED"),
    ] {
        match count(outcome) {
            0 => {}
            some => parts.push(format!("{some}{word}")),
        }
    }
    match parts.is_empty() {
        // not meant for that machine
        true => "–".to_owned(),
        false => parts.join(", "),
    }
}

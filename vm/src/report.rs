//! The results of all machines, for people and for programs.

mod junit;
mod markdown;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use serde_json::json;

use crate::results::{Outcome, Results, Test};
use junit::junit;
use markdown::markdown;

/// The results of the tests on each machine.
#[derive(Debug)]
pub struct Report(pub(crate) Vec<Results>);

impl Report {
    /// Number of passed, failed and skipped tests.
    pub fn counts(&self) -> [usize; 3] {
        [Outcome::Passed, Outcome::Failed, Outcome::Skipped]
            .map(|outcome| self.0.iter().map(|machine| machine.count(outcome)).sum())
    }

    /// A table for people: kernels across and tests down, and below it why tests were skipped and
    /// how they failed.
    pub fn table(&self) -> Result<String> {
        table(&self.0)
    }

    /// One document.
    pub fn json(&self) -> String {
        json(&self.0)
    }

    /// The results in JUnit's format: a suite for each machine.
    pub fn junit(&self) -> Result<String> {
        junit(&self.0)
    }

    /// A table for a README: kernels across, packages down.
    pub fn markdown(&self) -> Result<String> {
        markdown(&self.0)
    }
}

fn table(machines: &[Results]) -> Result<String> {
    if machines.is_empty() {
        return Ok(String::new());
    }
    let rows = rows(machines);
    let first = rows
        .iter()
        .map(|(_, name)| name.len() + 2)
        .chain(["skipped".len()])
        .max()
        .unwrap_or(0);
    let mut text = " ".repeat(first);
    for machine in machines {
        write!(text, "  {:>7}", machine.machine)?;
    }
    text.push('\n');
    let mut package = "";
    for (of, name) in &rows {
        if *of != package {
            writeln!(text, "{of}")?;
            package = of;
        }
        let mut line = format!("  {name:<0$}", first - 2);
        for machine in machines {
            let cell = match find(machine, of, name).map(|test| test.outcome) {
                Some(Outcome::Passed) => "ok",
                Some(Outcome::Failed) => "FAILED",
                Some(Outcome::Skipped) => "skipped",
                None => "-",
            };
            write!(line, "  {cell:>0$}", machine.machine.len().max(7))?;
        }
        writeln!(text, "{line}")?;
    }
    for (word, outcome) in [
        ("passed", Outcome::Passed),
        ("failed", Outcome::Failed),
        ("skipped", Outcome::Skipped),
    ] {
        write!(text, "{word:<first$}")?;
        for machine in machines {
            write!(
                text,
                "  {:>1$}",
                machine.count(outcome),
                machine.machine.len().max(7)
            )?;
        }
        text.push('\n');
    }
    for (reason, tests) in skipped(machines) {
        writeln!(text, "skipped, {reason}:")?;
        for (test, on) in tests {
            writeln!(text, "  {test} on {}", on.join(", "))?;
        }
    }
    for (machine, test) in all(machines, Outcome::Failed) {
        let message = shortened(test.message.as_deref().unwrap_or_default());
        writeln!(text, "failed on {machine}: {}: {message}", test.name)?;
    }
    Ok(text)
}

/// The first and the last lines of what may be the log of the verifier, once
/// for each test; JSON and JUnit have all of it.
fn shortened(message: &str) -> String {
    const FIRST: usize = 6;
    const LAST: usize = 20;
    let lines: Vec<_> = message.lines().collect();
    match lines.len().checked_sub(FIRST + LAST) {
        None | Some(0 | 1) => message.to_owned(),
        Some(between) => format!(
            "{}\n… {between} lines …\n{}",
            lines[..FIRST].join("\n"),
            lines[FIRST + between..].join("\n")
        ),
    }
}

/// The tests that were skipped, under their reasons, and where.
fn skipped(machines: &[Results]) -> BTreeMap<&str, BTreeMap<&str, Vec<&str>>> {
    let mut reasons = BTreeMap::<_, BTreeMap<_, Vec<_>>>::new();
    for (machine, test) in all(machines, Outcome::Skipped) {
        let reason = test.message.as_deref().unwrap_or("for no reason");
        let tests = reasons.entry(reason).or_default();
        tests.entry(test.name.as_str()).or_default().push(machine);
    }
    reasons
}

fn json(machines: &[Results]) -> String {
    let total = |outcome| machines.iter().map(|m| m.count(outcome)).sum::<usize>();
    format!(
        "{:#}",
        json!({
            "machines": machines,
            "passed": total(Outcome::Passed),
            "failed": total(Outcome::Failed),
            "skipped": total(Outcome::Skipped),
        })
    )
}

/// Packages and names of the tests of all machines, because a machine that broke has not reached
/// all tests.
fn rows(machines: &[Results]) -> Vec<(&str, &str)> {
    let mut rows: Vec<(&str, &str)> = Vec::new();
    for test in machines.iter().flat_map(|machine| &machine.tests) {
        let row = (test.package.as_str(), test.name.as_str());
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    // stable: tests stay in their order
    rows.sort_by_key(|(package, _)| *package);
    rows
}

fn find<'a>(machine: &'a Results, package: &str, name: &str) -> Option<&'a Test> {
    let mut tests = machine.tests.iter();
    tests.find(|test| test.package == package && test.name == name)
}

fn all(machines: &[Results], outcome: Outcome) -> impl Iterator<Item = (&str, &Test)> {
    machines.iter().flat_map(move |machine| {
        let tests = machine
            .tests
            .iter()
            .filter(move |test| test.outcome == outcome);
        tests.map(|test| (machine.machine.as_str(), test))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(name: &str, events: &[(&str, &str, Option<&str>)]) -> Results {
        let mut results = Results::of(name.to_owned());
        results.read(br#"{"event":"program","program":"app"}"#);
        for (test, event, message) in events {
            results.read(
                json!({"event":"started","test":test})
                    .to_string()
                    .as_bytes(),
            );
            let ended = json!({"event":event,"test":test,"message":message,"seconds":0.25});
            results.read(ended.to_string().as_bytes());
        }
        results
    }

    fn machines() -> [Results; 2] {
        [
            machine(
                "5.10.262",
                &[
                    ("a", "passed", None),
                    ("b", "skipped", Some("needs tcx: Linux 6.6")),
                ],
            ),
            machine(
                "7.2.13+arm64",
                &[
                    ("a", "failed", Some("1 < \"2\"\nmore\x1b")),
                    ("b", "passed", None),
                    ("c", "passed", None),
                ],
            ),
        ]
    }

    #[test]
    fn kernels_stand_across_and_tests_down() -> Result<()> {
        let expected = "         5.10.262  7.2.13+arm64
app
  a            ok        FAILED
  b       skipped            ok
  c             -            ok
passed          1             2
failed          0             1
skipped         1             0
skipped, needs tcx: Linux 6.6:
  b on 5.10.262
failed on 7.2.13+arm64: a: 1 < \"2\"\nmore\x1b
";
        assert_eq!(table(&machines())?, expected);
        Ok(())
    }

    #[test]
    fn long_messages_are_shortened_between_their_ends() {
        let lines = |count: usize| {
            (0..count)
                .map(|i| i.to_string())
                .collect::<Vec<_>>()
                .join("\n")
        };
        assert_eq!(shortened(&lines(27)), lines(27));
        let short = shortened(&lines(100));
        assert!(
            short.starts_with("0\n1\n2\n3\n4\n5\n… 74 lines …\n80\n"),
            "{short}"
        );
        assert!(short.ends_with("\n99"), "{short}");
    }

    #[test]
    fn markdown_counts_by_package() -> Result<()> {
        let expected = "| kernel tests | 5.10.262 | 7.2.13+arm64 |
|---|---|---|
| app | 1, 1 skipped | 2, 1 FAILED |
| **all** | **1, 1 skipped** in 0 s | **2, 1 FAILED** in 0 s |
";
        assert_eq!(markdown(&machines())?, expected);
        Ok(())
    }

    #[test]
    fn junit_has_a_suite_for_each_machine() -> Result<()> {
        let xml = junit(&machines())?;
        for part in [
            "<testsuite name=\"Linux 5.10.262\" tests=\"2\" failures=\"0\" skipped=\"1\" time=\"0.000\">",
            "<testcase classname=\"app\" name=\"b\" time=\"0.250\"><skipped message=\"needs tcx: Linux 6.6\"/></testcase>",
            "<testsuite name=\"Linux 7.2.13+arm64\" tests=\"3\" failures=\"1\" skipped=\"0\" time=\"0.000\">",
            "<failure message=\"1 &lt; &quot;2&quot;&#10;more\u{fffd}\"/>",
        ] {
            assert!(xml.contains(part), "{part} in {xml}");
        }
        Ok(())
    }

    #[test]
    fn json_adds_up() {
        let document: serde_json::Value = json(&machines()).parse().unwrap_or_default();
        assert_eq!(
            (
                &document["passed"],
                &document["failed"],
                &document["skipped"]
            ),
            (&json!(3), &json!(1), &json!(1))
        );
        assert_eq!(document["machines"][0]["tests"][1]["outcome"], "skipped");
        assert_eq!(document["machines"][1]["machine"], "7.2.13+arm64");
    }
}

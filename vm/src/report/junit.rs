//! The results as JUnit writes them.

use std::fmt::Write as _;

use anyhow::Result;

use crate::results::{Outcome, Results};

/// The results for continuous integration: a suite for each machine.
pub(crate) fn junit(machines: &[Results]) -> Result<String> {
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n".to_owned();
    for machine in machines {
        writeln!(
            xml,
            "  <testsuite name=\"Linux {}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{:.3}\">",
            escape(&machine.machine),
            machine.tests.len(),
            machine.count(Outcome::Failed),
            machine.count(Outcome::Skipped),
            machine.seconds,
        )?;
        for test in &machine.tests {
            let message = escape(test.message.as_deref().unwrap_or_default());
            let inner = match test.outcome {
                Outcome::Passed => String::new(),
                Outcome::Failed => format!("<failure message=\"{message}\"/>"),
                Outcome::Skipped => format!("<skipped message=\"{message}\"/>"),
            };
            writeln!(
                xml,
                "    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\">{inner}</testcase>",
                escape(&test.package),
                escape(&test.name),
                test.seconds,
            )?;
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    Ok(xml)
}

/// Text within an attribute; XML has no way to write most control characters.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            c if c.is_control() || ['\u{fffe}', '\u{ffff}'].contains(&c) => {
                escaped.push('\u{fffd}')
            }
            c => escaped.push(c),
        }
    }
    escaped
}

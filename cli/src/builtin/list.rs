use anyhow::Result;
use bpfapps_core::Needs;
use bpfapps_core::output::Format;
use bpfapps_explain::wrap;
use serde::Serialize;

use crate::print;
use crate::registered::Apps;

/// An app in the list.
#[derive(Debug, Serialize)]
struct Entry {
    name: &'static str,
    about: String,
    needs: Needs,
}

/// The list of the apps, printed in `format`.
pub(crate) fn of(apps: &Apps, format: Format) -> Result<String> {
    let entries: Vec<_> = apps
        .iter()
        .map(|app| Entry {
            name: app.name,
            about: app.about(),
            needs: app.needs,
        })
        .collect();
    print::document(format, &entries, |entries| table(entries))
}

/// An app in two lines: what it does, and what it needs. Beside each other they are too wide for a
/// terminal.
fn table(entries: &[Entry]) -> String {
    let indent = entries.iter().map(|entry| entry.name.len()).max();
    let indent = indent.unwrap_or(0) + 2;
    let shown = |text: &str| wrap(text, indent, print::width());
    let mut table = String::new();
    for entry in entries {
        let needs = format!("needs {}", entry.needs);
        let (about, needs) = (shown(&entry.about), shown(&needs));
        let name = entry.name;
        table += &format!("{name:indent$}{about}\n{:indent$}{needs}\n", "");
    }
    table
}

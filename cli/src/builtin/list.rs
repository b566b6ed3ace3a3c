use anyhow::Result;
use bpfapps_core::Needs;
use bpfapps_core::output::Format;
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

fn table(entries: &[Entry]) -> String {
    let longest = |field: fn(&Entry) -> &str| {
        entries
            .iter()
            .map(|entry| field(entry).len())
            .max()
            .unwrap_or(0)
    };
    let (name, about) = (longest(|entry| entry.name), longest(|entry| &entry.about));
    let (name, about) = (name.max("NAME".len()), about.max("WHAT IT DOES".len()));
    let line = |a: &str, b: &str, c: &str| format!("{a:<name$}  {b:<about$}  {c}\n");
    let rows = entries
        .iter()
        .map(|entry| line(entry.name, &entry.about, &entry.needs.to_string()));
    line("NAME", "WHAT IT DOES", "WHAT IT NEEDS") + &rows.collect::<String>()
}

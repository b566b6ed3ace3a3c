//! `cargo xtask new --list`.

use anyhow::Result;
use bpfapps_templates::Kind;

use crate::out;

pub(crate) fn print(kinds: &[Kind]) -> Result<()> {
    let width = kinds.iter().map(|kind| kind.name.len()).max().unwrap_or(0);
    for kind in kinds {
        let manifest = &kind.manifest;
        let mut needs = format!("Linux {}", manifest.kernel);
        for need in &manifest.needs {
            needs += ", ";
            needs += need;
        }
        out::result(format_args!("{:width$}  {}", kind.name, manifest.traces))?;
        out::result(format_args!("{:width$}  for {}", "", manifest.good_for))?;
        out::result(format_args!("{:width$}  needs {needs}", ""))?;
        for parameter in &manifest.parameters {
            out::result(format_args!(
                "{:width$}  --set {}={}  (which {})",
                "", parameter.key, parameter.default, parameter.asks
            ))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::workspace;

    /// The table of `docs/reference/kinds.md`.
    fn table(kinds: &[Kind]) -> String {
        let mut table =
            "| `--template` | traces | good for | Linux |\n|---|---|---|---|\n".to_owned();
        for Kind { name, manifest, .. } in kinds {
            let (traces, good_for, kernel) =
                (&manifest.traces, &manifest.good_for, &manifest.kernel);
            let _ = writeln!(table, "| `{name}` | {traces} | {good_for} | {kernel} |");
        }
        table
    }

    #[test]
    fn page_of_kinds_has_every_kind() -> Result<()> {
        let page = workspace::root()?.join("docs/reference/kinds.md");
        let table = table(&Kind::all()?);
        let text = std::fs::read_to_string(page)?;
        assert!(text.contains(&table), "it needs this table:\n{table}");
        Ok(())
    }
}

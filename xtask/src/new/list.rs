//! `cargo xtask new --list`.

use anyhow::Result;
use bpfapps_explain::wrap;
use bpfapps_templates::Kind;

use crate::out;

pub(crate) fn print(kinds: &[Kind]) -> Result<()> {
    let longest = kinds.iter().map(|kind| kind.name.len()).max();
    let indent = longest.unwrap_or(0) + 2;
    let row = |name: &str, text: &str| {
        let text = wrap(text, indent, out::width());
        out::result(format_args!("{name:indent$}{text}"))
    };
    for Kind { name, manifest, .. } in kinds {
        let linux = format!("needs Linux {}", manifest.kernel);
        let needs: Vec<_> = [&linux]
            .into_iter()
            .chain(&manifest.needs)
            .cloned()
            .collect();
        row(name, &manifest.traces)?;
        row("", &format!("for {}", manifest.good_for))?;
        row("", &needs.join(", "))?;
        for parameter in &manifest.parameters {
            let (key, default, asks) = (&parameter.key, &parameter.default, &parameter.asks);
            row("", &format!("--set {key}={default}  (which {asks})"))?;
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

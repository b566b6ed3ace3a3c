//! `cargo xtask new --list`.

use anyhow::Result;

use super::kind::Kind;
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

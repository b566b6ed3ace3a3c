//! The binary that ships, in bytes.

use std::fs;

use anyhow::{Context, Result};
use bpfapps_task::workspace::Workspace;
use bpfapps_xtask::dist;

use crate::figures::{Table, ratio};

pub(crate) fn measure() -> Result<Table> {
    let mut rows = Vec::new();
    for app in Workspace::here()?.apps()? {
        let size = built(&[app.to_owned()])?;
        rows.push((format!("{app} alone"), size));
    }
    // last: the output of `cargo xtask dist` stays in place
    let all = built(&[])?;
    rows.insert(0, ("all apps".to_owned(), all));

    let mut table = Table::new(["static binary", "size", "to all"]);
    for (label, size) in rows {
        table.row([
            label,
            format!("{size} bytes"),
            ratio(size as f64, all as f64),
        ]);
    }
    Ok(table)
}

fn built(apps: &[String]) -> Result<u64> {
    let program = dist::build(apps)?.program;
    let file = fs::metadata(&program).context("failed to measure a binary")?;
    Ok(file.len())
}

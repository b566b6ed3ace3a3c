//! The binary that ships, in bytes.

use std::fs;

use anyhow::{Context, Result};
use bpfapps_task::workspace::Workspace;
use bpfapps_xtask::dist;
use bpfapps_xtask::target::Target;

use crate::figures::{Table, ratio};

pub(crate) fn measure() -> Result<Table> {
    let mut rows = Vec::new();
    for app in Workspace::here()?.apps()? {
        let size = built(&[app], true)?;
        rows.push((format!("{app} alone"), size));
    }
    let least = built(&["minimal", "bootstrap"], false)?;
    rows.push(("minimal and bootstrap, without metrics".to_owned(), least));
    // last: the output of `cargo xtask dist` stays in place
    let all = built(&[], true)?;
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

fn built(apps: &[&str], metrics: bool) -> Result<u64> {
    let apps: Vec<_> = apps.iter().map(|&app| app.to_owned()).collect();
    let program = dist::build(Target::Here, &apps, metrics)?.program;
    let file = fs::metadata(&program).context("failed to measure a binary")?;
    Ok(file.len())
}

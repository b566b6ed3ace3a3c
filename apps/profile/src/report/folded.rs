//! Folded stacks: `program;outer;inner 12`, a line each.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use bpfapps_core::host::files;
use bpfapps_core::{Context as _, Failure, Result, bail};

use super::Report;

/// The largest file of an earlier run, in bytes.
const LARGEST: u64 = 1 << 30;

/// All stacks in the order of their names. Functions of the kernel end with `_[k]`.
pub(super) fn lines(report: &Report) -> String {
    let named = &report.named;
    let mut stacks = BTreeMap::<_, u64>::new();
    for stack in &named.stacks {
        let mut line = stack.comm.clone();
        for (function, _) in stack
            .places
            .iter()
            .flat_map(|place| &named.places[*place].lines)
        {
            let function = &named.functions[*function];
            line.push(';');
            line.push_str(&function.name);
            line.push_str(if function.is_kernel { "_[k]" } else { "" });
        }
        *stacks.entry(line).or_default() += stack.count;
    }
    let mut text = String::new();
    for (line, count) in stacks {
        let _ = writeln!(text, "{line} {count}");
    }
    text
}

/// The folded stacks of an earlier run.
#[derive(Debug)]
pub(crate) struct Before(Vec<u8>);

impl Before {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let bytes = files::read(path, LARGEST)?;
        let text = String::from_utf8_lossy(&bytes);
        let is_stack = |line: &str| {
            let count = line.rsplit_once(' ').map(|(_, count)| count);
            count.is_some_and(|count| count.parse::<u64>().is_ok())
        };
        if text.is_empty() || !text.lines().all(is_stack) {
            bail!(Failure::new(
                format!("{} has no folded stacks", path.display()),
                "an earlier run with -o folded makes such a file"
            ));
        }
        Ok(Self(bytes))
    }

    /// Each stack with its samples then and now; those of then as if both runs had as many.
    pub(super) fn compare(&self, now: &str) -> Result<String> {
        let options = inferno::differential::Options {
            normalize: true,
            ..Default::default()
        };
        let mut lines = Vec::new();
        inferno::differential::from_readers(options, &self.0[..], now.as_bytes(), &mut lines)
            .context("failed to compare two runs")?;
        Ok(String::from_utf8(lines)?)
    }
}

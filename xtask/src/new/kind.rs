//! The kinds of apps, by name.

use anyhow::Result;
use bpfapps_templates::Kind;

use super::lookup;
use crate::out;

/// The kind of that name.
pub(crate) fn find(kinds: Vec<Kind>, name: &str) -> Result<Kind> {
    let names: Vec<_> = kinds.iter().map(|kind| kind.name.clone()).collect();
    kinds
        .into_iter()
        .find(|kind| kind.name == name)
        .ok_or_else(|| {
            out::hinted(
                format!(
                    "there is no template `{name}`{}",
                    lookup::near(name, &names)
                ),
                "see cargo xtask new --list",
            )
        })
}

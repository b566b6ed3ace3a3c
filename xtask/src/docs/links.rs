//! Links of Markdown pages to files of the workspace, and to headings in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::change::walk::walk;

/// Folders whose pages are read by people here; others belong to what is rendered from them.
const FOLDERS: [&str; 3] = ["", "docs", "explain/pages"];

/// Each link that leads nowhere, as `page: link`.
pub(super) fn broken(root: &Path) -> Result<Vec<String>> {
    let mut broken = Vec::new();
    for page in pages(root)? {
        let text = read(&page)?;
        let folder = page.parent().unwrap_or(root);
        for link in links(&text) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => page.clone(),
                file => folder.join(file),
            };
            let leads = target.exists()
                && (heading.is_empty() || headings(&read(&target)?).any(|of| of == heading));
            if !leads {
                let page = page.strip_prefix(root).unwrap_or(&page);
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    Ok(broken)
}

fn read(page: &Path) -> Result<String> {
    fs::read_to_string(page).with_context(|| format!("failed to read {}", page.display()))
}

fn pages(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = BTreeMap::new();
    for folder in FOLDERS.iter().filter(|folder| !folder.is_empty()) {
        walk(root, Path::new(folder), &mut files)?;
    }
    let mut pages: Vec<_> = files.into_values().collect();
    for entry in fs::read_dir(root).context("failed to list the workspace")? {
        pages.push(entry?.path());
    }
    pages.retain(|page| page.extension().is_some_and(|end| end == "md"));
    pages.sort();
    Ok(pages)
}

/// What stands in `](…)`, outside of code, and is not on another machine.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    let lines = text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    });
    let targets = lines.flat_map(|line| line.split("](").skip(1));
    let targets = targets.filter_map(|target| Some(target.split_once(')')?.0));
    targets.filter(|target| !target.contains("://"))
}

/// The headings of a page, as links name them.
fn headings(text: &str) -> impl Iterator<Item = String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|heading| {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = words
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.collect::<String>().replace(' ', "-")
    })
}

#[cfg(test)]
mod tests {
    use bpfapps_task::workspace::root;

    use super::*;

    #[test]
    fn links_of_this_workspace_lead_somewhere() -> Result<()> {
        let none: [String; 0] = [];
        assert_eq!(broken(root()?)?, none);
        Ok(())
    }

    #[test]
    fn link_to_nothing_is_found() -> Result<()> {
        let folder = tempfile::tempdir()?;
        for name in ["docs", "explain/pages"] {
            fs::create_dir_all(folder.path().join(name))?;
        }
        let text = "# One `two`\n[a](#one-two) [b](b.md) [c](docs) [d](https://x/y) [e](#three)\n\
                    ```\n[f](f.md)\n```\n";
        fs::write(folder.path().join("page.md"), text)?;
        assert_eq!(broken(folder.path())?, ["page.md: b.md", "page.md: #three"]);
        Ok(())
    }
}

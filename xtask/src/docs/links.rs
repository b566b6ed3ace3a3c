//! Links of Markdown pages to files of the workspace, and to headings in them.

use std::path::Path;

use anyhow::Result;

use super::pages::{Page, read};

/// Each link that leads nowhere, as `page: link`.
pub(super) fn broken(pages: &[Page]) -> Result<Vec<String>> {
    let mut broken = Vec::new();
    for page in pages {
        let folder = page.path.parent().unwrap_or(Path::new(""));
        for link in links(&page.text) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => page.path.clone(),
                file => folder.join(file),
            };
            let leads = target.exists()
                && (heading.is_empty() || headings(&read(&target)?).any(|of| of == heading));
            if !leads {
                broken.push(format!("{}: {link} leads nowhere", page.name));
            }
        }
    }
    Ok(broken)
}

/// The targets in `](…)`, without those in code and on other machines.
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
    use std::fs;

    use super::super::pages;
    use super::*;

    #[test]
    fn link_to_nothing_is_found() -> Result<()> {
        let folder = tempfile::tempdir()?;
        for name in ["docs", "explain/pages"] {
            fs::create_dir_all(folder.path().join(name))?;
        }
        let text = "# One `two`\n[a](#one-two) [b](b.md) [c](docs) [d](https://x/y) [e](#three)\n\
                    ```\n[f](f.md)\n```\n";
        fs::write(folder.path().join("page.md"), text)?;
        let broken = broken(&pages::all(folder.path())?)?;
        assert_eq!(
            broken,
            [
                "page.md: b.md leads nowhere",
                "page.md: #three leads nowhere"
            ]
        );
        Ok(())
    }
}

//! The pages as mdBook wants them: in one folder, with a summary at its root.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::pages::Page;

/// The page below which the page of each code comes.
const CODES: &str = "(reference/codes.md)";

/// Copies the pages to a folder below target/, and returns that.
pub(super) fn stage(root: &Path, pages: &[Page]) -> Result<PathBuf> {
    let folder = root.join("target/pages");
    if folder.exists() {
        fs::remove_dir_all(&folder).context("failed to clear target/pages")?;
    }
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&folder))?;
        fs::write(&path, text).with_context(|| format!("failed to write {}", path.display()))
    };
    for page in pages {
        write(&page.name, &page.text)?;
    }
    let named = |name| pages.iter().find(|page| page.name == name);
    let contents = named("docs/SUMMARY.md").context("docs/SUMMARY.md is missing")?;
    write("SUMMARY.md", &summary(&contents.text, pages))?;
    fs::copy(root.join("docs/book.toml"), folder.join("book.toml"))
        .context("failed to copy docs/book.toml")?;
    let images = root.join("docs/images");
    if images.exists() {
        let to = folder.join("docs/images");
        fs::create_dir_all(&to).context("failed to create a folder of images")?;
        for image in fs::read_dir(&images).context("failed to list docs/images")? {
            let image = image?;
            fs::copy(image.path(), to.join(image.file_name()))
                .context("failed to copy an image")?;
        }
    }
    Ok(folder)
}

/// The summary, with links from the root, and the page of each code.
fn summary(text: &str, pages: &[Page]) -> String {
    let mut summary = String::new();
    for line in text.lines() {
        let from_root = line.replace("](", "](docs/").replace("](docs/../", "](");
        summary.push_str(&from_root);
        summary.push('\n');
        if !line.ends_with(CODES) {
            continue;
        }
        for page in pages
            .iter()
            .filter(|page| page.name.starts_with("explain/"))
        {
            let title = page.text.lines().next().unwrap_or_default();
            let title = title.trim_start_matches("# ");
            summary.push_str(&format!("  - [{title}]({})\n", page.name));
        }
    }
    summary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_has_links_from_the_root_and_each_code() {
        let code = Page {
            path: PathBuf::new(),
            name: "explain/pages/BPF0001.md".into(),
            text: "# BPF0001: a pointer\n".into(),
        };
        let text = "- [Codes](reference/codes.md)\n- [Contributing](../CONTRIBUTING.md)\n";
        assert_eq!(
            summary(text, &[code]),
            "- [Codes](docs/reference/codes.md)\n  \
             - [BPF0001: a pointer](explain/pages/BPF0001.md)\n\
             - [Contributing](CONTRIBUTING.md)\n"
        );
    }
}

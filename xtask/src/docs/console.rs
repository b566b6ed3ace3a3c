//! Console blocks: commands that exist, with one output each. Tests in `cli/tests/kernel/pages.rs` run
//! those of the binary.

use std::collections::HashMap;

use clap::Parser as _;

use super::pages::Page;
use crate::Cli;

/// Each command that would fail, or has another output elsewhere, as `page: reason`.
pub(super) fn wrong(pages: &[Page]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut outputs = HashMap::new();
    for page in pages {
        for (command, output) in commands(&page.text) {
            if let Some(mistake) = mistake(command) {
                wrong.push(format!("{}: {mistake}", page.name));
            }
            if output.is_empty() {
                continue;
            }
            let (first, shown) = outputs
                .entry(command)
                .or_insert_with(|| (&page.name, output.clone()));
            if *shown != output {
                let name = &page.name;
                wrong.push(format!("{name}: {first} has another output of `{command}`"));
            }
        }
    }
    wrong
}

/// The commands of console blocks, without comments on their lines, and their outputs.
fn commands(text: &str) -> Vec<(&str, String)> {
    let mut commands: Vec<(&str, String)> = Vec::new();
    let mut is_console = false;
    for line in text.lines() {
        if line.starts_with("```") {
            is_console = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| is_console) {
            let command = command.split(" # ").next().unwrap_or(command);
            commands.push((command.trim_end(), String::new()));
        } else if let Some((_, output)) = commands.last_mut().filter(|_| is_console) {
            output.push_str(line);
            output.push('\n');
        }
    }
    commands
}

/// The reason why a `cargo xtask` command fails.
fn mistake(command: &str) -> Option<String> {
    let words = shell_words::split(command.split(" | ").next()?).ok()?;
    let (program, arguments) = words.split_at_checked(2)?;
    if program != ["cargo", "xtask"] {
        return None;
    }
    let parsed = Cli::try_parse_from([&["xtask".to_owned()][..], arguments].concat());
    let reason = parsed.err()?.to_string();
    let reason = reason.lines().next().unwrap_or_default();
    Some(format!("`{command}`: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(name: &str, text: &str) -> Page {
        Page {
            path: name.into(),
            name: name.into(),
            text: text.into(),
        }
    }

    #[test]
    fn mistakes_in_console_blocks_are_found() {
        let one = page(
            "a.md",
            "```console\n$ cargo xtask run x     # a comment\n1\n$ cargo xtask nonesuch\n```\n",
        );
        let other = page("b.md", "```console\n$ cargo xtask run x\n2\n```\n");
        let same = page(
            "c.md",
            "```console\n$ cargo xtask run x\n1\n```\n$ cargo xtask in text\n",
        );
        let expected = [
            "a.md: `cargo xtask nonesuch`: error: unrecognized subcommand 'nonesuch'",
            "b.md: a.md has another output of `cargo xtask run x`",
        ];
        assert_eq!(wrong(&[one, other, same]), expected);
    }
}

//! docs/tutorial.md, step by step.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{Process, Test, test};
use serde_json::Value;

use crate::scratch::{APP, Scratch};

pub(crate) const TESTS: &[Test] = &[test!(each_step_of_the_tutorial_works)];

const PAGE: &str = include_str!("../../../docs/tutorial.md");

/// The texts of its blocks of code in a section, as they are for this app.
fn code(section: &str) -> Result<Vec<String>> {
    let of_this_app = |text: &str| text.replace("births", APP).replace("Births", "DevProbe");
    let start = PAGE.find(&format!("\n## {section}"));
    let rest = &PAGE[start.with_context(|| format!("no section {section}"))? + 1..];
    let end = rest.find("\n## ").unwrap_or(rest.len());
    let mut blocks = rest[..end].split("\n```").skip(1).step_by(2);
    let is_code = |block: &&str| block.starts_with("c\n") || block.starts_with("rust,ignore\n");
    let code = blocks.by_ref().filter(is_code);
    let code = code.filter_map(|block| Some(of_this_app(block.split_once('\n')?.1) + "\n"));
    Ok(code.collect())
}

/// Fails unless the app contains the code that the page quotes.
fn is_quoted(section: &str, text: &str) -> Result<()> {
    for block in code(section)? {
        for part in block.split("\t…\n") {
            ensure!(
                text.contains(part),
                "`{section}` shows what the app does not have:\n{part}"
            );
        }
    }
    Ok(())
}

/// Puts `text` below the line that begins with `line`.
fn insert_below(source: &str, line: &str, text: &str) -> Result<String> {
    let at = source.find(&format!("\n{line}"));
    let at = at.with_context(|| format!("no line {line}"))? + 1;
    let end = at + source[at..].find('\n').context("no end")? + 1;
    Ok([&source[..end], text, &source[end..]].concat())
}

fn each_step_of_the_tutorial_works() -> Result<()> {
    let scratch = Scratch::new("raw-tracepoint")?;
    let [header, bpf, rust] = [".h", ".bpf.c", ".rs"].map(|end| match end {
        ".rs" => format!("apps/{APP}/src/lib.rs"),
        end => format!("apps/{APP}/src/bpf/{APP}{end}"),
    });
    is_quoted("The header", &scratch.read(&header)?)?;
    is_quoted("The BPF program", &scratch.read(&bpf)?)?;
    is_quoted("The Rust side", &scratch.read(&rust)?)?;

    let [member, value] = &code("Add a field")?[..] else {
        anyhow::bail!("two pieces of code add a field")
    };
    scratch.change(&header, |text| {
        insert_below(text, "\tbpfapps_uid uid;", member)
    })?;
    scratch.change(&bpf, |text| insert_below(text, "\te->uid = ", value))?;
    scratch.build()?;
    let process = scratch.run(&["-o", "json", "-n", "1"], &mut Command::new("true"))?;
    let document: Value = serde_json::from_str(process.last().context("no document")?)?;
    let shown = PAGE.lines().find(|line| line.contains("\"cgroup\":"));
    let shown: Value = serde_json::from_str(shown.context("no document is shown")?)?;
    let fields = |document: &Value| {
        let fields = document.as_object().into_iter().flatten();
        fields.map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    ensure!(fields(&document) == fields(&shown), "{document}");

    let [variable, check, option, setting] = &code("Add an option")?[..] else {
        anyhow::bail!("four pieces of code add an option")
    };
    scratch.change(&bpf, |text| {
        let text = insert_below(
            text,
            "const volatile __u32 only_pid",
            &format!("\n{variable}"),
        )?;
        insert_below(&text, "\tstruct event *e;", &format!("\n{check}"))
    })?;
    scratch.change(&rust, |text| {
        let text = insert_below(text, "    processes: bool,", &format!("\n{option}"))?;
        insert_below(&text, "        rodata.only_pid = ", setting)
    })?;
    scratch.build()?;
    let sh = ["--reuid=65534", "sh", "-c", "true & wait"];
    let rows = scratch.run(
        &["--uid", "65534", "-n", "1"],
        Command::new("setpriv").args(sh),
    )?;
    let [title, row] = &rows[..] else {
        anyhow::bail!("one row: {rows:#?}")
    };
    ensure!(PAGE.contains(&format!("\n{title}\n")), "{title}");
    ensure!(row.split_whitespace().nth(5) == Some("65534"), "{row}");

    scratch.change(&header, |text| {
        insert_below(text, "\tbpfapps_uid uid;", "\t__u32 level;\n")
    })?;
    let said = scratch
        .build()
        .err()
        .context("padding is accepted")?
        .to_string();
    let shown = PAGE
        .lines()
        .find_map(|line| line.split_once(" shares a record"));
    let (_, shown) = shown.context("no error is shown")?;
    ensure!(said.contains(shown), "{said}");
    Ok(())
}

impl Scratch {
    /// Runs the app, and `command` once it is ready; returns its lines when it has ended.
    fn run(&self, args: &[&str], command: &mut Command) -> Result<Vec<String>> {
        let mut app = Process::start(self.app().args(args))?;
        app.line(|_| true)?;
        command.status()?;
        Ok(app.wait()?.expect_code(0)?.stdout)
    }
}

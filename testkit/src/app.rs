use std::path::Path;
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::loaded::{gone, held_by};
use crate::{Exit, Process, cli};

/// An app that reports events, running and ready: what happens from now on is not missed.
#[derive(Debug)]
pub struct App {
    name: String,
    process: Process,
    title: String,
}

impl App {
    /// Starts the app that the first argument names, and waits for its first line: the
    /// title of the table, or the document that says that it is ready.
    ///
    /// # Errors
    ///
    /// It ends instead; shows its messages.
    pub fn start(args: &[&str]) -> Result<Self> {
        let name = args.first().context("which app")?;
        let mut process = Process::start(&mut cli(args.iter().copied()))?;
        // a list that is repeated begins with its time
        let Ok(title) = process.line(|line| !is_time(line)) else {
            bail!("{name} did not get ready: {:#?}", process.wait()?)
        };
        is_as_in_readme(name, &title)?;
        Ok(Self {
            name: (*name).to_owned(),
            process,
            title,
        })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// The title line of its table.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Waits for the next row, or other line, that `wanted` likes.
    ///
    /// # Errors
    ///
    /// None came.
    pub fn row(&mut self, wanted: impl Fn(&str) -> bool) -> Result<String> {
        self.process.line(wanted)
    }

    /// Waits for the next document that `wanted` likes, of an app with `-o json`.
    ///
    /// # Errors
    ///
    /// None came.
    pub fn document(&mut self, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let is_wanted = |line: &str| serde_json::from_str(line).is_ok_and(|value| wanted(&value));
        let line = self.process.line(is_wanted)?;
        serde_json::from_str(&line).context("the line is JSON")
    }

    /// Ends it as Ctrl-C does. It is to end with 0 and to leave nothing in the kernel.
    ///
    /// # Errors
    ///
    /// It does not.
    pub fn end(self) -> Result<Exit> {
        let held = held_by(self.process.pid())?;
        self.process.signal(Signal::SIGINT)?;
        let exit = self.process.wait()?.expect_code(0)?;
        gone(&held)?;
        Ok(exit)
    }

    /// Waits for its end, whatever that is.
    ///
    /// # Errors
    ///
    /// It does not end.
    pub fn wait(self) -> Result<Exit> {
        self.process.wait()
    }

    /// Ends an app with `-o json` and returns all its documents, each checked against the schema.
    ///
    /// # Errors
    ///
    /// Those of [`App::end`], or a document does not match the schema.
    pub fn documents(self) -> Result<Vec<Value>> {
        let name = self.name.clone();
        checked(&name, &self.end()?.stdout)
    }
}

/// True for `12:34:56`.
fn is_time(line: &str) -> bool {
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    line.split(':').count() == 3 && line.split(':').all(digits)
}

/// Fails if the README of the app's own package shows a table with other columns.
fn is_as_in_readme(name: &str, title: &str) -> Result<()> {
    let readme =
        env::var_os("CARGO_MANIFEST_DIR").map(|folder| Path::new(&folder).join("README.md"));
    let Some(text) = readme.and_then(|readme| fs::read_to_string(readme).ok()) else {
        return Ok(());
    };
    let is_its = text.starts_with(&format!("# {name}\n")) && title.starts_with("TIME ");
    let mut titles = text.lines().filter(|line| line.starts_with("TIME "));
    ensure!(
        !is_its || titles.any(|shown| shown == title),
        "README.md shows other columns than `{title}`"
    );
    Ok(())
}

/// Runs the app that the first argument names to its own end, and returns all its documents: of an
/// app that lists what there is, with `-o json`.
///
/// # Errors
///
/// It fails, or a document is not what its schema says.
pub fn documents_of(args: &[&str]) -> Result<Vec<Value>> {
    let name = args.first().context("which app")?;
    let exit = Process::run(&mut cli(args.iter().copied()))?.expect_code(0)?;
    checked(name, &exit.stdout)
}

/// Checks that an option refuses a value with a usage error that names it. `args` are the app and
/// its other arguments.
///
/// # Errors
///
/// The app accepts one of these values; each is given after its option.
pub fn refuses(args: &[&str], values: &[[&str; 2]]) -> Result<()> {
    for [option, value] in values {
        let args = args.iter().copied().chain([*option, *value]);
        Process::run(&mut cli(args))?
            .expect_code(2)?
            .expect_stderr(&format!("invalid value '{value}' for '{option} <"))?;
    }
    Ok(())
}

/// The documents in `lines`, each held against the app's schema.
fn checked(app: &str, lines: &[String]) -> Result<Vec<Value>> {
    let schema = Process::run(&mut cli(["schema", app]))?.expect_code(0)?;
    let schema = serde_json::from_str(&schema.stdout.join("\n")).context("no JSON")?;
    let schema = jsonschema::validator_for(&schema).context("the schema is none")?;
    let documents = lines.iter().map(|line| serde_json::from_str(line));
    let documents: Vec<Value> = documents.collect::<Result<_, _>>().context("no JSON")?;
    for document in &documents {
        if let Err(err) = schema.validate(document) {
            bail!("{err}: {document}");
        }
    }
    ensure!(!documents.is_empty(), "no document came");
    Ok(documents)
}

//! `verify`: the programs of an object file or an app, each loaded alone.

use std::ffi::OsStr;
use std::path::PathBuf;

use anyhow::{Context, Error, Result, anyhow};
use bpfapps_core::Embedded;
use bpfapps_core::output::Format;
use bpfapps_diagnose::{self as diagnose, Object};
use bpfapps_explain::verifier::Stats;
use bpfapps_explain::{list, report};
use bpfapps_host::{caller, files};
use serde::{Deserialize, Serialize};

use super::finding::Finding;
use crate::call;
use crate::objects::{self, Verified};
use crate::print;
use crate::registered::Apps;

/// Maximum size of the file for `--compare`, in bytes.
const LARGEST: u64 = 64 << 20;

/// A growth by more than this many percent is a failure with `--compare`.
const MOST_GROWTH: u64 = 20;

/// The options of `verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// A BPF object file, or an app; several are verified one after the other
    #[arg(required = true, value_name = "FILE")]
    subjects: Vec<PathBuf>,
    /// Fail if the verifier processes more than N instructions for a program
    #[arg(long, value_name = "N")]
    budget: Option<u64>,
    /// Compare with FILE, the JSON of an earlier run, and fail if a program no longer loads, or
    /// needs 20 % more instructions or states
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Format of the report; JSON and YAML contain the verifier logs of programs that do not load
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = Format::Table)]
    output: Format,
}

/// A program of an object file.
#[derive(Debug, Serialize)]
struct Row {
    object: String,
    program: String,
    section: String,
    loaded: bool,
    #[serde(flatten)]
    stats: Option<Stats>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Finding>,
    /// What libbpf and the verifier said about a program that does not load.
    #[serde(skip_serializing_if = "String::is_empty")]
    log: String,
    #[serde(skip)]
    error: Option<Error>,
}

/// A row of an earlier run.
#[derive(Debug, Deserialize)]
struct Earlier {
    object: String,
    program: String,
    loaded: bool,
    #[serde(default)]
    instructions: u64,
    #[serde(default)]
    states: u64,
}

impl Verify {
    /// The report, and the reason for an exit code other than 0.
    pub(crate) fn run(&self, apps: &Apps) -> Result<(String, Option<Error>)> {
        if caller::has_less() {
            return Err(objects::lent("verify").into());
        }
        diagnose::listen(false);
        let earlier = self.compare.as_ref().map(|file| {
            let bytes = files::read(file, LARGEST)?;
            let rows: Vec<Earlier> = serde_json::from_slice(&bytes)
                .with_context(|| format!("{} is not the JSON of verify", file.display()))?;
            anyhow::Ok(rows)
        });
        let earlier = earlier.transpose()?.unwrap_or_default();
        let mut rows = Vec::new();
        for (name, object) in self.objects(apps)? {
            for program in objects::open(&object)?.progs() {
                let text = |text: &OsStr| text.to_string_lossy().into_owned();
                let (program, section) = (text(program.name()), text(program.section()));
                let verified = objects::verify(&object, &program)?;
                rows.push(Row::of(name.clone(), program, section, verified));
            }
        }
        let ill: Vec<_> = rows
            .iter()
            .filter_map(|row| self.complaint(row, &earlier))
            .collect();
        let failure = (!ill.is_empty()).then(|| anyhow!("{}", list(&ill)));
        let text = print::document(self.output, &rows, |rows| {
            table(rows, &earlier, &call::explain(&apps.binary))
        });
        Ok((text?, failure))
    }

    /// The objects, each with a name for the report.
    fn objects(&self, apps: &Apps) -> Result<Vec<(String, Object<'static>)>> {
        let mut objects = Vec::new();
        for subject in &self.subjects {
            let name = subject.file_name().unwrap_or_default().to_string_lossy();
            let app = match subject.to_str() {
                // no name of a file, and no file
                Some(name) if !name.contains(['/', '.']) && !subject.exists() => {
                    Some(apps.find(name)?)
                }
                name => name.and_then(|name| apps.get(name)),
            };
            match app {
                Some(app) => {
                    let own = Embedded::all().filter(|it| it.package == app.package);
                    objects.extend(own.map(|it| (it.name.to_owned(), it.object())));
                }
                None => objects.push((name.into_owned(), Object::read(subject)?)),
            }
        }
        Ok(objects)
    }

    /// What is wrong with a program.
    fn complaint(&self, row: &Row, earlier: &[Earlier]) -> Option<String> {
        let name = match self.subjects.len() {
            1 => row.program.clone(),
            _ => format!("{} of {}", row.program, row.object),
        };
        let before = row.before(earlier);
        if !row.loaded {
            // with a comparison, what never loaded is no news
            let is_news = before.is_none_or(|before| before.loaded);
            return is_news.then(|| format!("{name} does not load"));
        }
        let stats = row.stats?;
        if let Some(budget) = self.budget.filter(|&budget| stats.instructions > budget) {
            let now = stats.instructions;
            return Some(format!(
                "{name} takes {now} instructions, more than {budget}"
            ));
        }
        let before = before.filter(|before| before.loaded)?;
        let counts = [
            ("instructions", before.instructions, stats.instructions),
            ("states", before.states, stats.states),
        ];
        let grown = |&(_, before, now): &(_, u64, u64)| now * 100 > before * (100 + MOST_GROWTH);
        let (what, before, now) = counts.into_iter().find(grown)?;
        Some(format!("{name} takes {now} {what}, and took {before}"))
    }
}

impl Row {
    fn of(object: String, program: String, section: String, verified: Verified) -> Self {
        let log = match verified.failure {
            Some(_) => verified.messages.concat(),
            None => String::new(),
        };
        Self {
            object,
            program,
            section,
            loaded: verified.failure.is_none(),
            stats: verified.stats,
            failure: verified.failure.as_ref().map(Finding::of),
            log,
            error: verified.failure,
        }
    }

    fn before<'a>(&self, earlier: &'a [Earlier]) -> Option<&'a Earlier> {
        let is_it =
            |other: &&Earlier| (&other.object, &other.program) == (&self.object, &self.program);
        earlier.iter().find(is_it)
    }
}

/// The programs in columns, then an explanation of each failure.
fn table(rows: &[Row], earlier: &[Earlier], explain: &str) -> String {
    const TITLES: [&str; 7] = [
        "PROGRAM", "LOADS", "INSNS", "STATES", "PEAK", "STACK", "TIME",
    ];
    let mut lines = vec![TITLES.map(str::to_owned)];
    for row in rows {
        let before = row.before(earlier).filter(|before| before.loaded);
        let number = |field: fn(&Stats) -> u64| {
            row.stats
                .as_ref()
                .filter(|_| row.loaded)
                .map_or_else(|| "-".to_owned(), |stats| field(stats).to_string())
        };
        let changed = |now: String, before: Option<u64>| match before {
            Some(before) if now != before.to_string() => format!("{before} -> {now}"),
            _ => now,
        };
        lines.push([
            row.program.clone(),
            if row.loaded { "yes" } else { "no" }.to_owned(),
            changed(
                number(|it| it.instructions),
                before.map(|it| it.instructions),
            ),
            changed(number(|it| it.states), before.map(|it| it.states)),
            number(|it| it.peak_states),
            number(|it| it.stack_bytes),
            number(|it| it.time_ns / 1000) + if row.loaded { " us" } else { "" },
        ]);
    }
    let mut text = String::new();
    let width = |column: usize| {
        lines
            .iter()
            .map(|line| line[column].len())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; 7] = std::array::from_fn(width);
    // the last columns give way on a narrow terminal
    let fits = |columns: &usize| {
        widths[..*columns].iter().sum::<usize>() + 2 * (columns - 1) <= print::width()
    };
    let columns = (3..=7).rev().find(fits).unwrap_or(3);
    for line in &lines {
        for (column, cell) in line[..columns].iter().enumerate() {
            let width = widths[column];
            text += &match column {
                0 => format!("{cell:<width$}"),
                1 => format!("  {cell:<width$}"),
                _ => format!("  {cell:>width$}"),
            };
        }
        text += "\n";
    }
    for error in rows.iter().filter_map(|row| row.error.as_ref()) {
        text += "\n";
        text += &report(error, explain);
    }
    bpfapps_explain::printable(&text).into_owned()
}

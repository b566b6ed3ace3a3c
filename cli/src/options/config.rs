//! Options from a YAML file: a key under an app's name is that app's long option, and clap
//! validates it.

mod file;
mod settings;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use bpfapps_core::{Error, Failure, Registration};
use bpfapps_explain::one_line;
use bpfapps_host::shell;
use clap::ArgMatches;
use clap::parser::ValueSource;

use super::system_config;
use super::yaml::{self, Node};
use crate::call;
use crate::registered::Apps;
use settings::Settings;

/// Maximum number of reported mistakes: finding the line of each takes a pass over the file.
const MOST_SHOWN: usize = 50;

/// A configuration that could be read.
#[derive(Debug)]
struct Config {
    path: PathBuf,
    text: String,
    root: Node,
}

impl Config {
    fn read(path: PathBuf) -> Result<Self> {
        let text = file::read(&path)?;
        match yaml::read(&text) {
            Ok(root) => Ok(Self { path, text, root }),
            Err(mistake) => bail!("{}:{}: {}", path.display(), mistake.line, mistake.what),
        }
    }

    /// `FILE:LINE: reason`.
    fn place(&self, (node, what): &(Node, String)) -> String {
        let line = yaml::line(&self.text, node);
        one_line(&format!("{}:{line}: {what}", self.path.display()))
    }
}

/// The options that a configuration adds to the command line of `app`: those that `matches`, the
/// command line and the environment do not have. Returned with their file.
///
/// # Errors
///
/// The file has a mistake. Mistakes in the options of other apps do not count.
pub(crate) fn args(
    app: &Registration,
    apps: &Apps,
    matches: &ArgMatches,
) -> Result<Option<(PathBuf, Vec<OsString>)>> {
    let named = matches.get_one::<PathBuf>("config").cloned();
    let system = system_config(apps);
    // One that can not be looked at is not one that is not there.
    let found = || system.try_exists().unwrap_or(true).then_some(system);
    let Some(path) = named.or_else(found) else {
        return Ok(None);
    };
    let config = Config::read(path)?;
    let settings = Settings::read(&config.root, apps, |section| section.name == app.name);
    match settings.wrong.as_slice() {
        [] => {}
        [one] => bail!("{}", config.place(one)),
        [first, ..] => {
            let hint = format!(
                "`{} config check {}` names each mistake",
                call::again(&apps.binary),
                shell::word(config.path.as_ref())
            );
            return Err(Failure::new(config.place(first), hint).into());
        }
    }
    let given = |id: &str| {
        let source = matches.value_source(id);
        matches!(
            source,
            Some(ValueSource::CommandLine | ValueSource::EnvVariable)
        )
    };
    let of_app = settings.of.into_iter().flat_map(|(_, settings)| settings);
    let added = of_app.filter(|setting| !given(&setting.id));
    let args = added.flat_map(|setting| setting.args).map(OsString::from);
    Ok(Some((config.path, args.collect())))
}

/// Looks at all that a configuration says: how much it sets, or each mistake, and how many.
///
/// # Errors
///
/// It can't be read, or is no YAML.
pub(crate) fn check(path: &Path, apps: &Apps) -> Result<(String, Option<Error>)> {
    let config = Config::read(path.into())?;
    let settings = Settings::read(&config.root, apps, |_| true);
    let shown = path.display();
    if settings.wrong.is_empty() {
        let counts = settings.of.iter().map(|(app, settings)| {
            let count = settings.len();
            format!(
                "{count} option{} of {app}",
                if count == 1 { "" } else { "s" }
            )
        });
        let counts = counts.collect::<Vec<_>>().join(", ");
        let counts = if counts.is_empty() {
            "no options"
        } else {
            &counts
        };
        return Ok((one_line(&format!("{shown}: {counts}")) + "\n", None));
    }
    let lines = settings
        .wrong
        .iter()
        .take(MOST_SHOWN)
        .map(|wrong| config.place(wrong) + "\n");
    let count = settings.wrong.len();
    let err = match count {
        1 => anyhow::anyhow!("there is a mistake in {shown}"),
        ..=MOST_SHOWN => anyhow::anyhow!("there are {count} mistakes in {shown}"),
        _ => anyhow::anyhow!("there are {count} mistakes in {shown}: these are the first"),
    };
    Ok((lines.collect(), Some(err)))
}

//! What packages say about a binary: from its manifest, from itself and from git.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use bpfapps_task::workspace::Workspace;
use bpfapps_templates::{Shipped, ShippedApp};
use serde::Deserialize;

use super::build::stdout;
use crate::target::Target;

/// The variable with the time that a build is to have: <https://reproducible-builds.org/specs>.
const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// The facts about a binary that is shipped.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Its name, version and apps.
    pub shipped: Shipped,
    /// What it is, in a line.
    pub description: String,
    /// Its terms, in SPDX.
    pub license: String,
    /// Where to read about it.
    pub homepage: Option<String>,
    /// Who packs it: `Name <address>`.
    pub maintainer: String,
    /// The processor, as the kernel and rustc call it.
    pub machine: String,
    /// What it was built for.
    pub target: Target,
    /// The time of each file, in seconds since 1970: the same source gives the same packages.
    pub time: u32,
}

impl Facts {
    /// Those of the workspace's binary, which was built for `target` at `program`.
    ///
    /// # Errors
    ///
    /// The program does not list its apps, or a time is no time.
    pub fn of(workspace: &Workspace, target: Target, program: &Path) -> Result<Self> {
        let binary = workspace.binary()?;
        let package = workspace.member_in("cli").context("there is no package")?;
        let author = package.authors.first().cloned();
        let triple = target.triple()?;
        let machine = triple.split('-').next().unwrap_or(&triple).to_owned();
        let homepage = package.homepage.clone();
        Ok(Self {
            shipped: Shipped {
                binary: binary.to_owned(),
                version: package.version.to_string(),
                apps: apps(target, program)?,
            },
            description: package.description.clone().unwrap_or_default(),
            license: package.license.clone().unwrap_or_default(),
            homepage: homepage.or_else(|| package.repository.clone()),
            maintainer: author.unwrap_or_else(|| format!("{binary} <{binary}@localhost>")),
            machine,
            target,
            time: time(workspace.root())?,
        })
    }

    /// The version as packages sort it: a pre-release comes before its release.
    #[cfg(feature = "packages")]
    pub(super) fn package_version(&self) -> String {
        self.shipped.version.replacen('-', "~", 1).replace('-', ".")
    }
}

/// The entry of an app in `list --output json`.
#[derive(Deserialize)]
struct Listed {
    name: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    needs: Needs,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Needs {
    capabilities: Vec<String>,
    tracefs: bool,
}

fn apps(target: Target, program: &Path) -> Result<Vec<ShippedApp>> {
    let list = stdout(target.run(program).args(["list", "--output", "json"]))?;
    let list: Vec<Listed> = serde_json::from_slice(&list)
        .with_context(|| format!("{} list is not JSON", program.display()))?;
    list.into_iter()
        .map(|app| {
            let help = stdout(target.run(program).args([&app.name, "--help"]))?;
            Ok(ShippedApp {
                documents: String::from_utf8_lossy(&help).contains(" --output "),
                name: app.name,
                about: app.about,
                capabilities: app.needs.capabilities,
                tracefs: app.needs.tracefs,
            })
        })
        .collect()
}

/// The time that the environment names, or that of the last commit; 0 without either.
fn time(root: &Path) -> Result<u32> {
    if let Ok(text) = env::var(EPOCH) {
        return text.parse().with_context(|| format!("{EPOCH} is {text}"));
    }
    let mut git = Command::new("git");
    let log = git.arg("-C").arg(root).args(["log", "-1", "--format=%ct"]);
    let text = log
        .output()
        .ok()
        .and_then(|it| String::from_utf8(it.stdout).ok());
    Ok(text.and_then(|text| text.trim().parse().ok()).unwrap_or(0))
}

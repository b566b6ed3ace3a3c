//! The kinds of apps: each a folder below `kinds/` with a `template.yaml` in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use include_dir::Dir;
use serde::Deserialize;

use crate::files::{self, KINDS, SHARED};

const MANIFEST: &str = "template.yaml";

/// The answers to the questions of a kind, by key.
pub type Values = BTreeMap<String, String>;

/// A kind of app.
#[derive(Debug)]
pub struct Kind {
    /// The `NAME` of `--template NAME`.
    pub name: String,
    /// Its `template.yaml`.
    pub manifest: Manifest,
    folder: &'static Dir<'static>,
}

/// The content of `template.yaml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// What an app of this kind shows without any change.
    pub traces: String,
    /// When to take it.
    pub good_for: String,
    /// The oldest Linux that runs it.
    pub kernel: String,
    /// Other requirements on the machine: BTF, tracefs, kprobes …
    #[serde(default)]
    pub needs: Vec<String>,
    /// Dependencies that an app does not have anyway.
    #[serde(default)]
    pub(crate) dependencies: Vec<String>,
    /// Features of `bpfapps-core` that it needs.
    #[serde(default)]
    pub(crate) core_features: Vec<String>,
    /// Development dependencies besides those of every app.
    #[serde(default)]
    pub(crate) dev_dependencies: Vec<String>,
    /// The questions that `new` asks.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
}

/// Something that `new` asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// The `KEY` of `--set KEY=…`; files contain it in braces.
    pub key: String,
    /// Completes "which …?".
    pub asks: String,
    /// The value for the tests.
    pub default: String,
    /// How a value is checked.
    pub check: Check,
    /// The key of the binary whose symbol it is.
    #[serde(default, rename = "in")]
    pub of: Option<String>,
}

/// What the value of a parameter must name.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Anything
    Text,
    /// A tracepoint in tracefs, as in `sched/sched_switch`
    Tracepoint,
    /// A tracepoint that the kernel's BTF has the types of, as in `sched_switch`
    RawTracepoint,
    /// A function of the kernel
    Function,
    /// Functions of the kernel: a name in which `*` matches anything
    Functions,
    /// A system call, by its name in the kernel
    SystemCall,
    /// A network interface
    Interface,
    /// A program or a shared library: a path, or a name that the dynamic linker would find
    Binary,
    /// A function in the binary that another parameter names
    Symbol,
    /// A probe built into that binary (USDT): `PROVIDER:NAME`
    Probe,
}

impl Kind {
    /// All of them, sorted by name.
    ///
    /// # Errors
    ///
    /// A `template.yaml` is wrong or missing.
    pub fn all() -> Result<Vec<Self>> {
        let mut kinds: Vec<_> = KINDS.dirs().map(Self::read).collect::<Result<_>>()?;
        kinds.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(kinds)
    }

    fn read(folder: &'static Dir<'static>) -> Result<Self> {
        let path = folder.path().join(MANIFEST);
        let file = folder.get_file(&path);
        let text = file.and_then(|file| file.contents_utf8());
        let text = text.with_context(|| format!("there is no {}", path.display()))?;
        let manifest = serde_yaml::from_str(text)
            .with_context(|| format!("{} is not a valid template manifest", path.display()))?;
        Ok(Self {
            name: folder.path().to_string_lossy().into_owned(),
            manifest,
            folder,
        })
    }

    /// The default of every parameter.
    #[must_use]
    pub fn defaults(&self) -> Values {
        let parameters = self.manifest.parameters.iter();
        parameters
            .map(|parameter| (parameter.key.clone(), parameter.default.clone()))
            .collect()
    }

    /// Its own files and the shared files, by path in the app. An own file replaces a shared one.
    pub(crate) fn files(&self) -> Result<BTreeMap<PathBuf, &'static str>> {
        let mut files = BTreeMap::new();
        for folder in [&SHARED, self.folder] {
            files::collect(folder, &mut files)?;
        }
        files.remove(Path::new(MANIFEST));
        Ok(files)
    }
}

//! The object files of apps, or others that are named.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bpfapps_btf::Object;
use bpfapps_task::workspace::Workspace;

use super::Wanted;
use crate::run;
use crate::setup::{self, Stage};

/// Object files that are kept while they are looked at.
pub(super) struct Objects(Vec<(PathBuf, Vec<u8>)>);

impl Objects {
    pub(super) fn of(wanted: &Wanted) -> Result<Self> {
        let files = match wanted.objects.is_empty() {
            true => of_apps(&wanted.apps)?,
            false => wanted.objects.clone(),
        };
        let read = |file: PathBuf| {
            let bytes = fs::read(&file);
            let bytes = bytes.with_context(|| format!("failed to read {}", file.display()))?;
            Ok((file, bytes))
        };
        Ok(Self(files.into_iter().map(read).collect::<Result<_>>()?))
    }

    pub(super) fn parse(&self) -> Result<Vec<Object<'_>>> {
        let parse = |(file, bytes): &'_ (PathBuf, Vec<u8>)| -> Result<()> {
            let parsed = Object::parse(bytes).map(drop);
            parsed.with_context(|| format!("failed to open {}", file.display()))
        };
        self.0.iter().try_for_each(parse)?;
        self.0
            .iter()
            .map(|(_, bytes)| Object::parse(bytes))
            .collect()
    }
}

/// The objects that the build of the binary has made for these apps, or for all.
fn of_apps(apps: &[String]) -> Result<Vec<PathBuf>> {
    let workspace = Workspace::here()?;
    let all = workspace.apps()?;
    let apps = match apps {
        [] => all,
        apps => apps.iter().map(String::as_str).collect(),
    };
    for app in &apps {
        workspace.know(app)?;
    }
    setup::ensure(Stage::Build)?;
    let built = run::build(false)?;
    let mut files = Vec::new();
    for app in apps {
        files.extend(objects_in(built.out_dir(workspace.package_of(app)?)?)?);
    }
    files.sort();
    Ok(files)
}

fn objects_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder);
    let entries = entries.with_context(|| format!("failed to read {}", folder.display()))?;
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_object = |file: &PathBuf| {
        let name = file.file_name().and_then(OsStr::to_str);
        name.is_some_and(|name| name.ends_with(".bpf.o"))
    };
    Ok(files.filter(is_object).collect())
}

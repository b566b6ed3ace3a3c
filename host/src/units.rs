//! Services of systemd, as their unit files describe them: what they may do, also where systemd
//! does not run.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::capabilities::{Capability, CapsHashSet};

/// Folders of unit files; an earlier one goes before a later one.
const FOLDERS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// The service of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// `bpfapps@procs.service`
    pub name: String,
    /// True if it starts as root.
    pub is_root: bool,
    /// The capabilities that it starts with.
    pub capabilities: CapsHashSet,
}

impl Service {
    /// The service `BINARY@APP`, if there is a unit of that name, or of all apps.
    pub fn of(binary: &str, app: &str) -> Option<Self> {
        Self::in_folders(&FOLDERS.map(Path::new), binary, app)
    }

    fn in_folders(folders: &[&Path], binary: &str, app: &str) -> Option<Self> {
        let name = format!("{binary}@{app}.service");
        let names = [name.clone(), format!("{binary}@.service")];
        let find = |name: &String| {
            folders
                .iter()
                .map(|it| it.join(name))
                .find(|it| it.exists())
        };
        let unit = names.iter().find_map(find)?;
        // an empty file, or a link to /dev/null, is a unit that can't be started
        let mut text = fs::read_to_string(unit)
            .ok()
            .filter(|text| !text.is_empty())?;
        for file in drop_ins(folders, &names).values() {
            text.push('\n');
            text.push_str(&fs::read_to_string(file).unwrap_or_default());
        }
        Some(Self::parse(name, &text))
    }

    fn parse(name: String, text: &str) -> Self {
        let (mut ambient, mut bounding) = (None, None);
        let (mut user, mut is_dynamic) = (String::new(), false);
        for (setting, value) in settings(text) {
            match setting {
                "AmbientCapabilities" => ambient = Some(merged(ambient, value)),
                "CapabilityBoundingSet" => bounding = Some(merged(bounding, value)),
                "User" => user = value.to_owned(),
                "DynamicUser" => is_dynamic = ["1", "yes", "true", "on"].contains(&value),
                _ => {}
            }
        }
        let is_root = match &*user {
            "" => !is_dynamic,
            name => ["root", "0"].contains(&name),
        };
        let bounding = bounding.unwrap_or_else(caps::all);
        let ambient = ambient.unwrap_or_default();
        Self {
            name,
            is_root,
            capabilities: match is_root {
                true => bounding,
                false => ambient.intersection(&bounding).copied().collect(),
            },
        }
    }
}

/// The files that change these units, by their names: systemd reads them in that order, and of one
/// name only the first. Those of the first unit come last.
fn drop_ins(folders: &[&Path], units: &[String]) -> BTreeMap<String, PathBuf> {
    let mut files = BTreeMap::new();
    for unit in units.iter() {
        for folder in folders {
            let entries = fs::read_dir(folder.join(format!("{unit}.d")));
            for path in entries.into_iter().flatten().flatten().map(|it| it.path()) {
                if path.extension().is_some_and(|it| it == "conf")
                    && let Some(name) = path.file_name()
                {
                    let name = name.to_string_lossy().into_owned();
                    files.entry(name).or_insert(path);
                }
            }
        }
    }
    files
}

/// The settings of section `Service`, in their order.
fn settings(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut is_service = false;
    text.lines().filter_map(move |line| {
        let line = line.trim();
        if let Some(section) = line.strip_prefix('[') {
            is_service = section == "Service]";
        }
        let is_comment = line.starts_with(['#', ';']);
        let (setting, value) = line.split_once('=').filter(|_| is_service && !is_comment)?;
        Some((setting.trim(), value.trim()))
    })
}

/// The set after one more line about it; the first line is about none, or with `~` about all.
fn merged(set: Option<CapsHashSet>, value: &str) -> CapsHashSet {
    let named = |names: &str| -> CapsHashSet {
        let names = names.split_whitespace();
        names
            .filter_map(|name| name.parse::<Capability>().ok())
            .collect()
    };
    match (value.strip_prefix('~'), set) {
        _ if value.is_empty() => CapsHashSet::new(),
        (Some(names), set) => {
            let set = set.unwrap_or_else(caps::all);
            set.difference(&named(names)).copied().collect()
        }
        (None, set) => set
            .unwrap_or_default()
            .union(&named(value))
            .copied()
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Result;

    use super::*;

    /// The names of the capabilities, and whether it starts as root.
    fn parsed(text: &str) -> (Vec<String>, bool) {
        let service = Service::parse("x.service".to_owned(), text);
        let mut names: Vec<_> = service
            .capabilities
            .iter()
            .map(ToString::to_string)
            .collect();
        names.sort();
        (names, service.is_root)
    }

    fn all() -> usize {
        caps::all().len()
    }

    #[test]
    fn user_has_ambient_capabilities_within_the_bounding_set() {
        let bpf = vec!["CAP_BPF".to_owned()];
        let unit = "[Service]\nDynamicUser=yes\nAmbientCapabilities=CAP_BPF CAP_PERFMON\n\
                    CapabilityBoundingSet=CAP_BPF\n";
        assert_eq!(parsed(unit), (bpf.clone(), false));
        let unit = "[Service]\nUser=me\nAmbientCapabilities=CAP_NET_ADMIN\nAmbientCapabilities=\n\
                    # AmbientCapabilities=CAP_SYSLOG\nAmbientCapabilities = CAP_BPF\n\
                    [Install]\nAmbientCapabilities=CAP_KILL\n";
        assert_eq!(parsed(unit), (bpf, false));
        assert_eq!(parsed("[Service]\nUser=me\n"), (Vec::new(), false));
    }

    #[test]
    fn root_has_the_bounding_set() {
        let count = |text: &str| (parsed(text).0.len(), parsed(text).1);
        assert_eq!(count("[Service]\nExecStart=x\n"), (all(), true));
        let without = "[Service]\nUser=root\nCapabilityBoundingSet=~CAP_BPF CAP_KILL\n";
        assert_eq!(count(without), (all() - 2, true));
        let none = "[Service]\nCapabilityBoundingSet=\n";
        assert_eq!(count(none), (0, true));
    }

    #[test]
    fn files_of_one_app_go_before_those_of_all() -> Result<()> {
        let [etc, lib] = [tempfile::tempdir()?, tempfile::tempdir()?];
        let folders = [etc.path(), lib.path()];
        assert_eq!(Service::in_folders(&folders, "b", "app"), None);
        let unit = "[Service]\nUser=me\nAmbientCapabilities=CAP_BPF\n";
        fs::write(lib.path().join("b@.service"), unit)?;
        let names = || {
            let service = Service::in_folders(&folders, "b", "app").expect("a unit");
            (service.capabilities.len(), service.name)
        };
        assert_eq!(names(), (1, "b@app.service".to_owned()));
        let further = etc.path().join("b@app.service.d");
        fs::create_dir(&further)?;
        fs::write(
            further.join("x.conf"),
            "[Service]\nAmbientCapabilities=CAP_SYSLOG\n",
        )?;
        fs::write(
            further.join("x.txt"),
            "[Service]\nAmbientCapabilities=CAP_KILL\n",
        )?;
        assert_eq!(names().0, 2);
        fs::write(etc.path().join("b@app.service"), "")?;
        assert_eq!(Service::in_folders(&folders, "b", "app"), None);
        Ok(())
    }
}

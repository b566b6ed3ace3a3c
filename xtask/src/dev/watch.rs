//! The files that an app is built from, and word when one of them changes.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, bail};
use bpfapps_task::workspace::Workspace;
use nix::errno::Errno;
use notify::{Config, ErrorKind, EventKind, INotifyWatcher, RecursiveMode, Watcher};

use super::Event;
use crate::apps::EXPORTERS;
use crate::{cargo, out};

/// A series of saves is over after this time without a change.
const QUIET: Duration = Duration::from_millis(40);

/// Other files that decide about a build, in the workspace's root.
const FILES: [&str; 3] = ["Cargo.lock", "Cargo.toml", "rust-toolchain.toml"];

/// The folders under watch.
pub(super) struct Sources {
    watcher: INotifyWatcher,
    /// The watched folders, and whether their content counts: a removed folder reappears in its
    /// parent.
    folders: Vec<(PathBuf, RecursiveMode)>,
}

impl Sources {
    /// Watches the packages that `app` is built from, as far as they are not a registry's.
    pub(super) fn watch(workspace: &Workspace, app: &str, events: Sender<Event>) -> Result<Self> {
        let packages = packages(workspace.binary()?, app)?;
        let root = workspace.root();
        let parents = packages.iter().filter_map(|package| package.parent());
        let mut folders: Vec<_> = parents
            .chain([root])
            .map(|parent| (parent.to_owned(), RecursiveMode::NonRecursive))
            .collect();
        folders.sort_by(|a, b| a.0.cmp(&b.0));
        folders.dedup();
        let own = packages.iter().cloned();
        folders.extend(own.map(|package| (package, RecursiveMode::Recursive)));

        let (sender, changes) = mpsc::channel();
        thread::spawn(move || gather(&changes, &events));
        let root = root.to_owned();
        let watcher = INotifyWatcher::new(
            move |event| {
                if let Some(path) = changed(event, &root, &packages) {
                    // the receiver is gone at the end
                    let _ = sender.send(path);
                }
            },
            Config::default(),
        );
        let mut sources = Self {
            watcher: watcher.map_err(explained)?,
            folders,
        };
        for (folder, mode) in &sources.folders {
            sources.watcher.watch(folder, *mode).map_err(explained)?;
        }
        Ok(sources)
    }

    /// Watches folders again that were removed and created again.
    pub(super) fn renew(&mut self) {
        for (folder, mode) in &self.folders {
            // one that is not there will be noticed in its parent
            let _ = self.watcher.watch(folder, *mode);
        }
    }
}

/// The folders of the packages that cargo would compile, itself or for a build script.
fn packages(binary: &str, app: &str) -> Result<Vec<PathBuf>> {
    let mut tree = cargo::cargo(["tree", "--package", binary, "--no-default-features"]);
    tree.args(["--features", app, "--features", &EXPORTERS.join(",")])
        .args(["--edges", "normal,build"])
        .args(["--prefix", "none", "--format", "{p}"])
        .stderr(Stdio::inherit());
    let listed = tree.output().context("failed to run cargo")?;
    if !listed.status.success() {
        bail!("failed to list what {app} depends on");
    }
    let text = String::from_utf8_lossy(&listed.stdout);
    let mut folders: Vec<_> = text.lines().filter_map(folder).collect();
    folders.sort_unstable();
    folders.dedup();
    Ok(folders)
}

/// The folder in a line such as `bpfapps-core v0.1.0 (/src/core) (*)`.
fn folder(line: &str) -> Option<PathBuf> {
    let line = line.strip_suffix(" (*)").unwrap_or(line);
    let begin = line.find(" (/")? + 2;
    line.get(begin..)?.strip_suffix(')').map(PathBuf::from)
}

/// The file whose change is a reason to build.
fn changed(
    event: notify::Result<notify::Event>,
    root: &Path,
    packages: &[PathBuf],
) -> Option<PathBuf> {
    let event = match event {
        Ok(event) if matches!(event.kind, EventKind::Access(_)) => return None,
        Ok(event) if !event.need_rescan() => event,
        // some were missed: any of them may be a reason
        Ok(_) | Err(_) => return Some(root.join("apps")),
    };
    let counts = |path: &&PathBuf| {
        let is_own = packages.iter().any(|package| path.starts_with(package));
        let decides = FILES.iter().any(|file| **path == root.join(file));
        decides || (is_own && !is_editors(path))
    };
    // a rename reports both names, the new one last
    event.paths.iter().rev().find(counts).cloned()
}

/// True for files that editors write beside a file: `.a.c.swp`, `a.c~`, `#a.c#`, vim's `4913`.
fn is_editors(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(['.', '#'])
        || name.ends_with('~')
        || name.bytes().all(|byte| byte.is_ascii_digit())
}

/// Tells of changes once, when they are through.
fn gather(changes: &Receiver<PathBuf>, events: &Sender<Event>) {
    while let Ok(mut path) = changes.recv() {
        let since = Instant::now();
        while let Ok(next) = changes.recv_timeout(QUIET) {
            // the folders on the way to it need no watch any more
            if next.exists() {
                path = next;
            }
        }
        if events.send(Event::Changed(path, since)).is_err() {
            return;
        }
    }
}

/// The limits of inotify by name.
fn explained(error: notify::Error) -> Error {
    let sysctl = match &error.kind {
        ErrorKind::MaxFilesWatch => "fs.inotify.max_user_watches",
        ErrorKind::Io(error) if is_exhausted(error) => "fs.inotify.max_user_instances",
        _ => return Error::new(error).context("failed to watch the sources"),
    };
    out::hinted(
        format!("failed to watch the sources: {sysctl} is reached"),
        format!("other programs watch files, too; allow more: sudo sysctl {sysctl}=524288"),
    )
}

fn is_exhausted(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::EMFILE as i32)
}

#[cfg(test)]
mod tests {
    use notify::event::{AccessKind, CreateKind, Flag};

    use super::*;

    #[test]
    fn folders_of_packages_in_what_cargo_prints() {
        for (line, expected) in [
            ("bpfapps-core v0.1.0 (/src/core)", Some("/src/core")),
            ("bpfapps-core v0.1.0 (/a (b)/core) (*)", Some("/a (b)/core")),
            ("own v0.1.0 (proc-macro) (/src/own)", Some("/src/own")),
            ("clap_derive v4.6.1 (proc-macro)", None),
            ("anyhow v1.0.99 (*)", None),
        ] {
            assert_eq!(folder(line), expected.map(PathBuf::from), "{line}");
        }
    }

    #[test]
    fn a_source_counts_and_what_lies_beside_it_does_not() {
        let of = |kind, path: &str| {
            let event = notify::Event::new(kind).add_path(path.into());
            changed(Ok(event), Path::new("/w"), &["/w/apps/a".into()])
        };
        let created = EventKind::Create(CreateKind::File);
        for path in ["/w/apps/a/src/bpf/a.bpf.c", "/w/apps/a", "/w/Cargo.toml"] {
            assert_eq!(of(created, path), Some(path.into()));
        }
        for path in [
            "/w/apps/ab/x.c",
            "/w/target",
            "/w/apps/a/.a.c.swp",
            "/w/apps/a/a.c~",
            "/w/apps/a/4913",
        ] {
            assert_eq!(of(created, path), None);
        }
        let read = EventKind::Access(AccessKind::Any);
        assert_eq!(of(read, "/w/apps/a/src/lib.rs"), None);
        let missed = notify::Event::new(EventKind::Other).set_flag(Flag::Rescan);
        let path = changed(Ok(missed), Path::new("/w"), &[]);
        assert_eq!(path, Some("/w/apps".into()));
    }
}

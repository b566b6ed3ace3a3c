//! A change of the tree that happens as a whole or not at all.

mod held;
pub(crate) mod walk;

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use held::Held;

/// Files to create, to edit and to put away. Until [`Change::apply`] nothing is touched.
#[derive(Debug)]
pub(crate) struct Change {
    root: PathBuf,
    created: Vec<(PathBuf, String)>,
    edited: Vec<(PathBuf, String)>,
    moved: Vec<(PathBuf, PathBuf)>,
}

impl Change {
    /// A change below `root`; all other paths are relative to it.
    pub(crate) fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            created: Vec::new(),
            edited: Vec::new(),
            moved: Vec::new(),
        }
    }

    /// Creates a file that is not there, and the folders to it.
    pub(crate) fn create(&mut self, path: impl Into<PathBuf>, text: String) {
        self.created.push((path.into(), text));
    }

    /// Changes the text of a file, which may be one of those to create.
    pub(crate) fn edit(
        &mut self,
        path: &str,
        edit: impl FnOnce(&str) -> Result<String>,
    ) -> Result<()> {
        let editing = || format!("failed to edit {path}");
        let created = self
            .created
            .iter_mut()
            .find(|(other, _)| other == Path::new(path));
        if let Some((_, text)) = created {
            *text = edit(text).with_context(editing)?;
            return Ok(());
        }
        let old = fs::read_to_string(self.root.join(path)).with_context(editing)?;
        let new = edit(&old).with_context(editing)?;
        if new != old {
            self.edited.push((path.into(), new));
        }
        Ok(())
    }

    /// Moves a file or folder to a place where nothing is.
    pub(crate) fn rename(&mut self, from: impl Into<PathBuf>, to: impl Into<PathBuf>) {
        self.moved.push((from.into(), to.into()));
    }

    /// The files to create, if the change does nothing else.
    pub(crate) fn into_files(self) -> Vec<(PathBuf, String)> {
        self.created
    }

    /// Makes the change, and answers which paths it touched.
    ///
    /// Blocks signals for the milliseconds that it takes. A signal that arrived meanwhile undoes
    /// the change, then takes effect.
    pub(crate) fn apply(self) -> Result<Vec<PathBuf>> {
        let held = Held::hold()?;
        let ended = self.make(&held);
        held.release()?;
        ended
    }

    fn make(self, held: &Held) -> Result<Vec<PathBuf>> {
        let mut undo = Undo::default();
        let touched = self.steps(&mut undo)?;
        if held.has_come()? {
            bail!("interrupted: nothing was changed");
        }
        undo.steps.clear();
        Ok(touched)
    }

    fn steps(&self, undo: &mut Undo) -> Result<Vec<PathBuf>> {
        let mut touched = Vec::new();
        for (path, text) in &self.created {
            let whole = self.root.join(path);
            create_folders(&whole, undo)?;
            write_new(&whole, text)
                .with_context(|| format!("failed to create {}", path.display()))?;
            undo.steps.push(Step::Remove(whole));
            touched.push(path.clone());
        }
        for (from, to) in &self.moved {
            let (whole, away) = (self.root.join(from), self.root.join(to));
            create_folders(&away, undo)?;
            fs::rename(&whole, &away)
                .with_context(|| format!("failed to move {}", from.display()))?;
            undo.steps.push(Step::MoveBack(away, whole));
            touched.push(from.clone());
        }
        for (path, text) in &self.edited {
            let whole = self.root.join(path);
            let editing = || format!("failed to write {}", path.display());
            let old = fs::read_to_string(&whole).with_context(editing)?;
            undo.steps.push(Step::Rewrite(whole.clone(), old));
            replace(&whole, text).with_context(editing)?;
            touched.push(path.clone());
        }
        Ok(touched)
    }
}

/// Reverses the steps of a change, last one first, unless it was completed.
#[derive(Debug, Default)]
struct Undo {
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Remove(PathBuf),
    RemoveFolder(PathBuf),
    MoveBack(PathBuf, PathBuf),
    Rewrite(PathBuf, String),
}

impl Drop for Undo {
    fn drop(&mut self) {
        for step in self.steps.drain(..).rev() {
            let undone = match &step {
                Step::Remove(path) => fs::remove_file(path),
                Step::RemoveFolder(path) => fs::remove_dir(path),
                Step::MoveBack(from, to) => fs::rename(from, to),
                Step::Rewrite(path, text) => replace(path, text),
            };
            if let Err(err) = undone {
                crate::out::note(format_args!("failed to undo {step:?}: {err}"));
            }
        }
    }
}

fn create_folders(path: &Path, undo: &mut Undo) -> Result<()> {
    let missing: BTreeSet<_> = path
        .ancestors()
        .skip(1)
        .filter(|folder| !folder.exists())
        .collect();
    for folder in missing
        .into_iter()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        fs::create_dir(folder).with_context(|| format!("failed to create {}", folder.display()))?;
        undo.steps.push(Step::RemoveFolder(folder.to_owned()));
    }
    Ok(())
}

/// Never overwrites.
fn write_new(path: &Path, text: &str) -> Result<()> {
    let mut file = fs::File::create_new(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| {
        // a script must be executable
        match text.starts_with("#!") {
            true => file.set_permissions(Permissions::from_mode(0o755)),
            false => Ok(()),
        }
    });
    if let Err(err) = written {
        fs::remove_file(path)?;
        return Err(err.into());
    }
    Ok(())
}

/// Whoever reads the file meanwhile sees the old text or the new one.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mode = fs::metadata(path)?.permissions();
    let replaced = fs::write(&beside, text)
        .and_then(|()| fs::set_permissions(&beside, mode))
        .and_then(|()| fs::rename(&beside, path));
    if replaced.is_err() {
        // the remainder is useless, and may not exist
        let _ = fs::remove_file(&beside);
    }
    replaced
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use nix::sys::signal::{SigSet, Signal, raise};

    use super::walk::walk;
    use super::*;

    fn tree(root: &Path) -> BTreeMap<PathBuf, String> {
        let mut files = BTreeMap::new();
        walk(root, Path::new(""), &mut files).expect("a tree");
        let text = |path: &PathBuf| fs::read_to_string(path).expect("a file");
        files
            .iter()
            .map(|(path, whole)| (path.clone(), text(whole)))
            .collect()
    }

    /// A tree with two files in it, and a change of both that creates a third.
    fn tree_and_change() -> (tempfile::TempDir, Change) {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("list"), "one\n").expect("a file");
        fs::write(folder.path().join("old"), "old\n").expect("a file");
        let mut change = Change::new(folder.path());
        change.create("a/b/new", "new\n".to_owned());
        change.rename("old", "away/old");
        change
            .edit("list", |text| Ok(format!("{text}two\n")))
            .expect("an edit");
        (folder, change)
    }

    #[test]
    fn all_of_it_happens() {
        let (folder, change) = tree_and_change();
        let touched = change.apply().expect("a change");
        assert_eq!(touched, ["a/b/new", "old", "list"].map(PathBuf::from));
        let expected = [
            ("a/b/new", "new\n"),
            ("away/old", "old\n"),
            ("list", "one\ntwo\n"),
        ];
        let expected = expected.map(|(path, text)| (path.into(), text.to_owned()));
        assert_eq!(tree(folder.path()), expected.into());
    }

    #[test]
    fn after_an_error_all_is_as_it_was() {
        let (folder, mut change) = tree_and_change();
        let before = tree(folder.path());
        // the last step fails: its folder would be a file
        change.edited.push(("list/below".into(), String::new()));
        let err = change.apply().expect_err("an error");
        assert!(
            format!("{err:#}").starts_with("failed to write list/below"),
            "{err:#}"
        );
        assert_eq!(tree(folder.path()), before);
        assert!(!folder.path().join("a").exists() && !folder.path().join("away").exists());
    }

    #[test]
    fn nothing_is_overwritten() {
        let (folder, change) = tree_and_change();
        fs::create_dir_all(folder.path().join("a/b")).expect("a folder");
        fs::write(folder.path().join("a/b/new"), "precious").expect("a file");
        let before = tree(folder.path());
        change.apply().expect_err("an error");
        assert_eq!(tree(folder.path()), before);
    }

    #[test]
    fn after_a_signal_all_is_as_it_was() {
        let (folder, change) = tree_and_change();
        let before = tree(folder.path());
        // held by this thread already, so that it does not end the test
        let mut interrupt = SigSet::empty();
        interrupt.add(Signal::SIGINT);
        interrupt.thread_block().expect("a mask");
        raise(Signal::SIGINT).expect("a signal");
        let err = change.apply().expect_err("an interruption");
        assert_eq!(err.to_string(), "interrupted: nothing was changed");
        assert_eq!(tree(folder.path()), before);
        // the signal is still pending
        assert_eq!(interrupt.wait().expect("the signal"), Signal::SIGINT);
    }
}

//! The content of a registry: a folder with all packages that a repository depends on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::repository::{finish, text};

/// A folder in place of the registry, and one to build in.
pub(crate) struct Archives {
    folder: PathBuf,
}

impl Archives {
    /// The third-party packages, in the versions of this workspace.
    pub(crate) fn third_party() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("published");
        let archives = Self { folder };
        let registry = archives.registry();
        let (lock, of) = (workspace().join("Cargo.lock"), registry.join("Cargo.lock"));
        let lock = fs::read_to_string(lock).expect("a lock file");
        if fs::read_to_string(&of).ok().as_ref() != Some(&lock) {
            let mut vendor = Command::new(env!("CARGO"));
            vendor.args(["vendor", "--quiet", "--locked", "--versioned-dirs"]);
            finish(vendor.arg(&registry).current_dir(workspace()));
            fs::write(&of, lock).expect("a file");
        }
        // of an earlier run
        for entry in fs::read_dir(&registry).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            if name.starts_with("bpfapps") {
                fs::remove_dir_all(&path).expect("no folder");
            }
        }
        fs::create_dir_all(archives.folder.join(".cargo")).expect("a folder");
        let config = format!(
            "[source.crates-io]\nreplace-with = \"archives\"\n[source.archives]\ndirectory = {:?}\n\
             [net]\noffline = true\n",
            registry
        );
        fs::write(archives.config(), config).expect("a file");
        archives
    }

    /// The folder that repositories use.
    pub(crate) fn root(&self) -> &Path {
        &self.folder
    }

    fn config(&self) -> PathBuf {
        self.folder.join(".cargo/config.toml")
    }

    fn registry(&self) -> PathBuf {
        self.folder.join("registry")
    }

    /// A call of cargo that knows nothing else.
    pub(crate) fn cargo<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(env!("CARGO"));
        command
            .args(args)
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            // nobody debugs it
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_INCREMENTAL", "0");
        command
    }

    /// Installs the program of a package that is in there.
    pub(crate) fn install(&self, package: &str, program: &str) -> PathBuf {
        let root = self.folder.join("installed");
        let mut install = self.cargo(["install", "--quiet", "--debug", "--force", package]);
        // this folder's configuration applies only to builds in it
        install.arg("--config").arg(self.config());
        finish(install.arg("--root").arg(&root));
        root.join("bin").join(program)
    }

    /// The output of `cargo package` for each public package of this workspace.
    pub(crate) fn package(&self) -> Vec<PathBuf> {
        let folder = self.folder.join("package");
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("no folder");
        }
        let mut package = Command::new(env!("CARGO"));
        package.args([
            "package",
            "--workspace",
            "--allow-dirty",
            "--no-verify",
            "--quiet",
        ]);
        package.arg("--target-dir").arg(&folder);
        finish(package.current_dir(workspace()));
        let archives = fs::read_dir(folder.join("package")).expect("a folder");
        let archives = archives.map(|entry| entry.expect("an entry").path());
        archives
            .filter(|path| path.extension().is_some_and(|end| end == "crate"))
            .collect()
    }

    /// Unpacks them as packages of that version, with texts as `edit` has them.
    pub(crate) fn publish(
        &self,
        archives: &[PathBuf],
        version: &str,
        edit: impl Fn(&Path, &str) -> String,
    ) {
        let current = env!("CARGO_PKG_VERSION");
        for archive in archives {
            let name = archive.file_stem().expect("a name").to_string_lossy();
            let package = name
                .strip_suffix(&format!("-{current}"))
                .expect("a version");
            // cargo rebuilds a package at another place, because a version never changes
            let sum = checksum(archive, version);
            let folder = self.registry().join(format!("{package}-{version}-{sum}"));
            fs::create_dir(&folder).expect("a folder");
            let mut tar = Command::new("tar");
            tar.args(["--strip-components=1", "-xzf"]).arg(archive);
            finish(tar.arg("-C").arg(&folder));
            let manifest = folder.join("Cargo.toml");
            let text = fs::read_to_string(&manifest).expect("a manifest");
            let text = text.replace(
                &format!("version = \"{current}\""),
                &format!("version = \"{version}\""),
            );
            let text = text.replace(&format!("\"={current}\""), &format!("\"={version}\""));
            fs::write(&manifest, text).expect("a file");
            edit_below(&folder, &edit);
            let files = json!({"files": {}, "package": sum}).to_string();
            fs::write(folder.join(".cargo-checksum.json"), files).expect("a file");
        }
    }
}

fn edit_below(folder: &Path, edit: &impl Fn(&Path, &str) -> String) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            edit_below(&path, edit);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let new = edit(&path, &text);
            if new != text {
                fs::write(&path, new).expect("a file");
            }
        }
    }
}

/// The checksum of a package, or of both packages for a version made from another one.
fn checksum(archive: &Path, version: &str) -> String {
    let mut sum = Command::new("sh");
    let script = "{ cat \"$1\"; echo \"$2\"; } | sha256sum";
    sum.args(["-c", script, "sh"]).arg(archive).arg(version);
    let said = text(finish(&mut sum));
    said.split(' ').next().expect("a checksum").to_owned()
}

fn workspace() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().expect("the workspace")
}

//! What `cargo xtask dist` ships of this workspace's binary, as the tools see it that install,
//! check and run it.

mod debian;
mod fedora;
mod image;
mod kubernetes;
mod machine;
mod prometheus;
mod systemd;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};
use bpfapps_task::workspace::Workspace;
use bpfapps_testkit::{Test, program, test};
use bpfapps_xtask::dist::{Facts, Format, fill, pack};
use bpfapps_xtask::target::Target;
use tempfile::TempDir;

const TESTS: &[Test] = &[test!(packing_twice_gives_the_same_bytes)];

fn main() -> ExitCode {
    bpfapps_testkit::main(
        &[
            TESTS,
            debian::TESTS,
            fedora::TESTS,
            image::TESTS,
            kubernetes::TESTS,
            machine::TESTS[0],
            machine::TESTS[1],
            prometheus::TESTS,
            systemd::TESTS,
        ],
        &[image::FIXTURES, machine::FIXTURES],
    )
}

/// A folder as `dist` makes it, of the binary that is tested: packed in all formats.
struct Shipped {
    folder: TempDir,
    facts: Facts,
}

impl Shipped {
    fn new() -> Result<&'static Self> {
        static SHIPPED: OnceLock<Shipped> = OnceLock::new();
        if let Some(shipped) = SHIPPED.get() {
            return Ok(shipped);
        }
        let folder = tempfile::tempdir()?;
        let workspace = Workspace::here()?;
        let mut facts = Facts::of(workspace, Target::Here, program())?;
        facts.time = 1_700_000_000;
        let manifest = workspace.root().join("cli/Cargo.toml");
        fill(folder.path(), program(), &facts, [&*manifest].into_iter())?;
        pack(folder.path(), &facts, FORMATS)?;
        Ok(SHIPPED.get_or_init(|| Self { folder, facts }))
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The one file or folder whose name ends so.
    fn packed(&self, extension: &str) -> Result<PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(self.path())? {
            let path = entry?.path();
            if path.extension() == Some(OsStr::new(extension)) {
                found.push(path);
            }
        }
        ensure!(found.len() == 1, "packages: {found:?}");
        found.pop().context("none")
    }
}

const FORMATS: &[Format] = &[Format::Deb, Format::Rpm, Format::Oci];

/// The output of a tool that succeeds; `None` if this machine has no such tool.
fn tool(command: &mut Command) -> Result<Option<String>> {
    let output = match command.output() {
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        output => output?,
    };
    let stdout = String::from_utf8(output.stdout)?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    let text = format!("{command:?}: {stdout}{stderr}");
    ensure!(output.status.success() && stderr.is_empty(), "{text}");
    Ok(Some(stdout))
}

fn packing_twice_gives_the_same_bytes() -> Result<()> {
    let shipped = Shipped::new()?;
    let again = tempfile::tempdir()?;
    let manifest = Workspace::here()?.root().join("cli/Cargo.toml");
    fill(
        again.path(),
        program(),
        &shipped.facts,
        [&*manifest].into_iter(),
    )?;
    for file in pack(again.path(), &shipped.facts, FORMATS)? {
        let [first, second] = [shipped.path(), again.path()].map(|it| fs::read(it.join(&file)));
        ensure!(first? == second?, "{} differs", file.display());
    }
    Ok(())
}

//! What runs in the virtual machines: the binary that is shipped, the kernel
//! tests of every package, and the same of the apps that the templates render.
//! All of it is linked statically, and the same on every kernel.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use bpfapps_task::cargo;
use bpfapps_task::workspace::Workspace;

use crate::dist::{self, elf};
use crate::test::templates::{self, Rendered};

/// Programs for virtual machines.
pub(super) struct Suite {
    /// Those of this workspace.
    pub(super) own: Programs,
    /// Those of what is rendered; none, where only a command is to run.
    pub(super) rendered: Option<Programs>,
}

/// A binary with apps, and what tests it.
pub(super) struct Programs {
    pub(super) binary: PathBuf,
    pub(super) tests: Vec<Tests>,
}

/// The kernel tests of a package.
pub(super) struct Tests {
    pub(super) package: String,
    pub(super) program: PathBuf,
}

impl Suite {
    /// Builds them. Whichever package of the workspace has a `[[test]]` of the
    /// name `kernel` is taken along: apps that were made of a template have one.
    pub(super) fn build(with_templates: bool) -> Result<Self> {
        let workspace = Workspace::here()?;
        let binary = dist::build(&[])?.program;
        let feature = format!("{}/static", workspace.binary()?);
        let build = cargo::cargo(["build"]);
        let own = Programs {
            tests: tests("the kernel tests", workspace, build, &feature)?,
            binary,
        };
        let rendered = match with_templates && templates::are_here()? {
            true => Some(rendered()?),
            false => None,
        };
        Ok(Self { own, rendered })
    }
}

fn rendered() -> Result<Programs> {
    let rendered = Rendered::render(None)?;
    let feature = format!("{}/static", templates::PACKAGE);
    let tests = tests(
        "the templates' kernel tests",
        &Workspace::at(&rendered.folder)?,
        rendered.cargo(["build"]),
        &feature,
    )?;
    let mut command = rendered.cargo(["build", "--package", templates::PACKAGE]);
    let binary = build("the templates", &mut command, &feature)?.program;
    elf::assert_static(&binary)?;
    Ok(Programs { binary, tests })
}

/// The kernel tests of a workspace, where `command` is a `cargo build` in it.
fn tests(
    what: &str,
    workspace: &Workspace,
    mut command: Command,
    feature: &str,
) -> Result<Vec<Tests>> {
    command.args(["--workspace", "--test", "kernel"]);
    let built = build(what, &mut command, feature)?;
    let mut tests = Vec::new();
    for (id, program) in built.tests() {
        elf::assert_static(&program)?;
        let package = workspace.member(id).context("a test of no member")?;
        tests.push(Tests {
            package: package.name.clone(),
            program,
        });
    }
    tests.sort_by(|a, b| a.package.cmp(&b.package));
    Ok(tests)
}

fn build(what: &str, command: &mut Command, feature: &str) -> Result<cargo::Built> {
    command.args(["--profile", "vm", "--features", feature]);
    dist::link_statically(command)?;
    cargo::build(what, command)
}

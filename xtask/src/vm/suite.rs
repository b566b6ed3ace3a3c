//! The programs for the virtual machines: the shipped binary, the kernel tests of every package,
//! and those of the rendered templates. All are linked statically, and the same for every kernel.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use bpfapps_task::cargo;
use bpfapps_task::workspace::Workspace;
use bpfapps_vm::{Programs, Suite, Tests};

use crate::target::Target;
use crate::test::templates::{self, Rendered};
use crate::{dist, elf};

/// Builds them. Whichever package of the workspace has a `[[test]]` of the
/// name `kernel` is taken along: apps that were made of a template have one.
pub(super) fn build(target: Target, with_templates: bool, files: &[PathBuf]) -> Result<Suite> {
    let workspace = Workspace::here()?;
    let binary = dist::build(target, &[], true)?.program;
    let feature = format!("{}/static", workspace.binary()?);
    let build = cargo::cargo(["build"]);
    let own = Programs {
        tests: tests(target, "the kernel tests", workspace, build, &feature)?,
        binary,
    };
    let rendered = match with_templates && templates::are_here()? {
        true => Some(rendered(target)?),
        false => None,
    };
    Ok(Suite {
        own,
        rendered,
        files: files.to_vec(),
    })
}

fn rendered(target: Target) -> Result<Programs> {
    let rendered = Rendered::render(None)?;
    let feature = format!("{}/static", templates::PACKAGE);
    let tests = tests(
        target,
        "the templates' kernel tests",
        &Workspace::at(&rendered.folder)?,
        rendered.cargo(["build"]),
        &feature,
    )?;
    let mut command = rendered.cargo(["build", "--package", templates::PACKAGE]);
    let binary = build_static(target, "the templates", &mut command, &feature)?.program;
    elf::assert_static(&binary)?;
    Ok(Programs { binary, tests })
}

/// The kernel tests of a workspace, where `command` is a `cargo build` in it.
fn tests(
    target: Target,
    what: &str,
    workspace: &Workspace,
    mut command: Command,
    feature: &str,
) -> Result<Vec<Tests>> {
    command.args(["--workspace", "--test", "kernel"]);
    let built = build_static(target, what, &mut command, feature)?;
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

fn build_static(
    target: Target,
    what: &str,
    command: &mut Command,
    feature: &str,
) -> Result<cargo::Built> {
    command.args(["--profile", "vm", "--features", feature]);
    dist::link_statically(target, command)?;
    cargo::build(what, command)
}

//! The programs for the virtual machines: the shipped binary, the kernel tests of every package,
//! and those of the rendered templates. All are linked statically, and the same for every kernel.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use bpfapps_explain::{did_you_mean, nearest};
use bpfapps_task::cargo;
use bpfapps_task::workspace::Workspace;
use bpfapps_vm::{Programs, Suite, Tests};

use crate::target::Target;
use crate::test::templates::{self, Rendered};
use crate::{dist, elf, out};

/// The name of each `[[test]]` that runs in machines.
const KERNEL: &str = "kernel";

/// Refuses a package that has no kernel tests.
pub(super) fn know(packages: &[String]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let mut tested: Vec<_> = Workspace::here()?.tested(KERNEL).collect();
    tested.sort_unstable();
    let Some(unknown) = packages.iter().find(|it| !tested.contains(&it.as_str())) else {
        return Ok(());
    };
    let near = did_you_mean(&nearest(unknown, tested.iter().copied()));
    let near = near.map_or_else(String::new, |near| format!(": {near}"));
    Err(out::hinted(
        format!("no package {unknown} here has kernel tests{near}"),
        format!("these have: {}", tested.join(", ")),
    ))
}

/// Builds them. Whichever package of the workspace has a `[[test]]` of the
/// name `kernel` is taken along: apps that were made of a template have one.
pub(super) fn build(
    target: Target,
    packages: &[String],
    with_templates: bool,
    files: &[PathBuf],
) -> Result<Suite> {
    let workspace = Workspace::here()?;
    let binary = dist::build(target, &[], true)?.program;
    let cli = workspace.binary()?;
    let mut build = cargo::cargo(["build"]);
    if packages.is_empty() {
        build.arg("--workspace");
    } else {
        // the binary's package as well, because it has the feature
        let names = packages.iter().map(String::as_str).chain([cli]);
        build.args(names.flat_map(|name| ["--package", name]));
    }
    let feature = format!("{cli}/static");
    let mut tests = tests(target, "the kernel tests", workspace, build, &feature)?;
    tests.retain(|it| packages.is_empty() || packages.contains(&it.package));
    let own = Programs { binary, tests };
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
        rendered.cargo(["build", "--workspace"]),
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
    command.args(["--test", KERNEL]);
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

//! The workspace of a task: that of the current folder, as cargo finds it.

use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context, Error, Result};
use bpfapps_explain::{did_you_mean, nearest};
use cargo_metadata::{Metadata, MetadataCommand, Package, PackageId, TargetKind};

use crate::out::hinted;
use crate::path;

/// The folder of the package with the binary of the apps.
const BINARY: &str = "cli";

/// The root of the current folder's workspace.
pub fn root() -> Result<&'static Path> {
    Ok(Workspace::here()?.root())
}

/// Packages, and where they are.
#[derive(Debug)]
pub struct Workspace(Metadata);

impl Workspace {
    /// The one of the current folder. cargo is asked once, by the first task that needs it.
    pub fn here() -> Result<&'static Self> {
        static HERE: OnceLock<Workspace> = OnceLock::new();
        match HERE.get() {
            Some(here) => Ok(here),
            None => Self::at(Path::new(".")).map(|found| HERE.get_or_init(|| found)),
        }
    }

    /// The one that `folder` is in.
    pub fn at(folder: &Path) -> Result<Self> {
        let metadata = MetadataCommand::new()
            .cargo_path(path::cargo())
            .current_dir(folder)
            .no_deps()
            .exec();
        let metadata = metadata.map_err(|error| match error {
            cargo_metadata::Error::CargoMetadata { stderr } => {
                Error::msg(stderr.trim().trim_start_matches("error: ").to_owned())
            }
            other => other.into(),
        });
        Ok(Self(metadata.context("failed to read the workspace")?))
    }

    /// The folder of the workspace's manifest.
    pub fn root(&self) -> &Path {
        self.0.workspace_root.as_std_path()
    }

    /// The folder that cargo builds in.
    pub fn target(&self) -> &Path {
        self.0.target_directory.as_std_path()
    }

    /// The member of that id.
    pub fn member(&self, id: &PackageId) -> Option<&Package> {
        self.0.packages.iter().find(|package| package.id == *id)
    }

    /// The member in that folder of the workspace.
    pub fn member_in(&self, folder: &str) -> Option<&Package> {
        let manifest = self.0.workspace_root.join(folder).join("Cargo.toml");
        let mut packages = self.0.packages.iter();
        packages.find(|package| package.manifest_path == manifest)
    }

    /// The member that has a program of that name.
    pub fn member_with(&self, program: &str) -> Option<&Package> {
        let mut packages = self.0.packages.iter();
        packages.find(|package| {
            let mut targets = package.targets.iter();
            targets.any(|target| target.name == program && target.kind.contains(&TargetKind::Bin))
        })
    }

    /// The members that have a test program of that name.
    pub fn tested(&self, name: &str) -> impl Iterator<Item = &str> {
        let packages = self.0.packages.iter().filter(move |package| {
            let mut targets = package.targets.iter();
            targets.any(|target| target.name == name && target.kind.contains(&TargetKind::Test))
        });
        packages.map(|package| package.name.as_str())
    }

    /// The members that have a build script.
    pub fn built_by_script(&self) -> impl Iterator<Item = &str> {
        let has_script = |package: &&Package| {
            let mut targets = package.targets.iter();
            targets.any(|target| target.kind.contains(&TargetKind::CustomBuild))
        };
        let packages = self.0.packages.iter().filter(has_script);
        packages.map(|package| package.name.as_str())
    }

    /// The package of the binary with the apps; both have the same name.
    pub fn binary(&self) -> Result<&str> {
        Ok(&self.cli()?.name)
    }

    /// The names of the apps that the binary can have, sorted: each is a feature of it that brings
    /// in a package.
    pub fn apps(&self) -> Result<Vec<&str>> {
        let features = self.cli()?.features.iter();
        let brings_one = |needs: &[String]| needs.iter().any(|need| need.starts_with("dep:"));
        let apps = features.filter(|(_, needs)| brings_one(needs));
        Ok(apps.map(|(name, _)| name.as_str()).collect())
    }

    /// Refuses an app that the binary can not have.
    pub fn know(&self, app: &str) -> Result<()> {
        let apps = self.apps()?;
        if apps.contains(&app) {
            return Ok(());
        }
        let near = did_you_mean(&nearest(app, apps.iter().copied()));
        let near = near.map_or_else(String::new, |near| format!(": {near}"));
        let hint = match &apps[..] {
            [] => "there is none yet: cargo xtask new".to_owned(),
            apps => format!(
                "there are {}; another one: cargo xtask new",
                apps.join(", ")
            ),
        };
        Err(hinted(format!("there is no app {app}{near}"), hint))
    }

    /// The package that an app comes from.
    pub fn package_of(&self, app: &str) -> Result<&str> {
        self.know(app)?;
        let needs = self.cli()?.features.get(app).into_iter().flatten();
        let package = needs.filter_map(|need| need.strip_prefix("dep:")).next();
        package.with_context(|| format!("the feature {app} brings in no package"))
    }

    /// The names of all features that the binary has.
    pub fn features(&self) -> Result<Vec<&str>> {
        Ok(self.cli()?.features.keys().map(String::as_str).collect())
    }

    /// The names of all members, and of what they depend on.
    pub fn packages(&self) -> impl Iterator<Item = &str> {
        let members = self.0.packages.iter();
        members.flat_map(|member| {
            let dependencies = member.dependencies.iter();
            let dependencies = dependencies.map(|dependency| dependency.name.as_str());
            [member.name.as_str()].into_iter().chain(dependencies)
        })
    }

    fn cli(&self) -> Result<&Package> {
        self.member_in(BINARY).ok_or_else(|| {
            let root = self.root().display();
            hinted(
                format!("the workspace {root} has no package in {BINARY}/"),
                "run this in a workspace that `cargo xtask new --standalone` has made",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_workspace_is_known() -> Result<()> {
        let here = Workspace::here()?;
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(Some(here.root()), own.parent());
        assert_eq!(here.binary()?, "bpfapps");
        let apps = here.apps()?;
        assert!(
            apps.contains(&"bootstrap") && !apps.contains(&"static"),
            "{apps:?}"
        );
        let task = here.member_in("task").context("no member")?;
        assert_eq!(
            here.member(&task.id).map(|it| &*it.name),
            Some("bpfapps-task")
        );
        assert_eq!(
            here.member_with("xtask").map(|it| &*it.name),
            Some("bpfapps-xtask")
        );
        Ok(())
    }

    #[test]
    fn where_there_is_none_cargo_says_why() {
        let failed = Workspace::at(Path::new("/")).map_err(|error| format!("{error:#}"));
        let said = failed.expect_err("no workspace");
        assert!(
            said.starts_with("failed to read the workspace: could not find `Cargo.toml` in `/`"),
            "{said}"
        );
    }
}

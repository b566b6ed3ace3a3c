//! What a binary is shipped with: units, manifests, scripts of packages.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use minijinja::value::{Serde, merge_maps};
use minijinja::{Value, context};
use serde::Serialize;

use crate::engine::Engine;
use crate::files::{self, DEPLOY, File};

/// Stand for names in the path of a file.
const BINARY: &str = "BINARY";
const APP: &str = "APP";

/// The capabilities that each service has.
const OF_EACH: [&str; 2] = ["CAP_BPF", "CAP_PERFMON"];

/// The folders of what only a package has.
const OF_PACKAGES: [&str; 2] = ["deb", "rpm"];

/// Rendered for its own facts, by [`Shipped::render`].
const NOTICES: &str = "NOTICES";

/// An app of a shipped binary.
#[derive(Clone, Debug, Serialize)]
pub struct ShippedApp {
    /// Its name.
    pub name: String,
    /// What it does, in a line.
    pub about: String,
    /// The capabilities that it needs: `CAP_BPF`.
    pub capabilities: Vec<String>,
    /// True if it attaches through tracefs.
    pub tracefs: bool,
    /// True if it prints documents, and so has `--output`.
    pub documents: bool,
}

impl ShippedApp {
    fn has(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|it| it == capability)
    }

    /// What it needs beyond what each service has.
    fn more(&self) -> String {
        let capabilities = self.capabilities.iter().map(String::as_str);
        let more: Vec<_> = capabilities.filter(|it| !OF_EACH.contains(it)).collect();
        more.join(" ")
    }

    fn uses_network(&self) -> bool {
        self.has("CAP_NET_ADMIN") || self.has("CAP_NET_RAW")
    }

    fn context(&self) -> Value {
        context! {
            app => Serde(self),
            more => self.more(),
            network => self.uses_network(),
            packets => self.has("CAP_NET_RAW"),
            kernel_names => self.has("CAP_SYSLOG"),
        }
    }
}

/// A binary to ship.
#[derive(Clone, Debug, Serialize)]
pub struct Shipped {
    /// Its name.
    pub binary: String,
    /// Its version.
    pub version: String,
    /// The apps in it.
    pub apps: Vec<ShippedApp>,
}

impl Shipped {
    /// The files that whoever runs it needs, by their paths in the folder of the binary.
    ///
    /// # Errors
    ///
    /// A template is wrong, or there is no app.
    pub fn files(&self) -> Result<Vec<File>> {
        let mut rendered = Vec::new();
        for (path, text) in templates()? {
            let name = path.to_string_lossy();
            let is_for_packages = OF_PACKAGES.iter().any(|folder| path.starts_with(folder));
            if is_for_packages || *name == *NOTICES {
                continue;
            }
            let path = name.replace(BINARY, &self.binary);
            if !path.contains(APP) {
                let text = self.render_text(&name, text, context! {})?;
                let path = path.into();
                rendered.push(File { path, text });
                continue;
            }
            let needy = |app: &&ShippedApp| app.tracefs || !app.more().is_empty();
            for app in self.apps.iter().filter(needy) {
                let text = self.render_text(&name, text, app.context())?;
                let path = path.replace(APP, &app.name).into();
                rendered.push(File { path, text });
            }
        }
        Ok(rendered)
    }

    /// One template of a package, with facts of its own: `deb/control`.
    ///
    /// # Errors
    ///
    /// There is no such template, or it is wrong.
    pub fn render(&self, name: &str, facts: impl Serialize) -> Result<String> {
        let templates = templates()?;
        let text = templates.get(Path::new(name));
        let text = text.with_context(|| format!("there is no template {name}"))?;
        self.render_text(name, text, Value::from(Serde(facts)))
    }

    fn render_text(&self, name: &str, text: &str, facts: Value) -> Result<String> {
        let own = context! { service => self.service()?, ..Value::from(Serde(self)) };
        Engine::new()?.render(&format!("deploy/{name}"), text, &merge_maps([facts, own]))
    }

    /// The app that examples run: the first one that a user who is not root can run as well.
    fn service(&self) -> Result<Value> {
        let mut apps = self.apps.iter();
        let plain = apps.clone().find(|app| !app.tracefs);
        let app = plain.or_else(|| apps.next()).context("it has no app")?;
        let capabilities = app.capabilities.iter();
        // as Kubernetes names them
        let capabilities: Vec<_> = capabilities
            .map(|it| it.trim_start_matches("CAP_").to_owned())
            .collect();
        Ok(context! {
            name => &app.name,
            documents => app.documents,
            network => app.uses_network(),
            capabilities,
        })
    }
}

fn templates() -> Result<BTreeMap<PathBuf, &'static str>> {
    let mut texts = BTreeMap::new();
    files::collect(&DEPLOY, &mut texts)?;
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(name: &str, more: &[&str], tracefs: bool) -> ShippedApp {
        let capabilities = OF_EACH.iter().chain(more).map(|&it| it.to_owned());
        ShippedApp {
            name: name.to_owned(),
            about: "Trace".to_owned(),
            capabilities: capabilities.collect(),
            tracefs,
            documents: true,
        }
    }

    #[test]
    fn only_an_app_that_needs_more_has_a_drop_in() -> Result<()> {
        let shipped = Shipped {
            binary: "my-tool".to_owned(),
            version: "1.2.3".to_owned(),
            apps: vec![
                app("hello", &[], true),
                app("opens", &[], false),
                app("packets", &["CAP_NET_ADMIN"], false),
                app("raw", &["CAP_NET_RAW"], false),
                app("samples", &["CAP_SYSLOG", "CAP_SYS_PTRACE"], false),
            ],
        };
        let files = shipped.files()?;
        let texts: BTreeMap<_, _> = files
            .iter()
            .map(|file| (file.path.to_string_lossy(), &*file.text))
            .collect();
        let of = |app: &str| texts.get(&*format!("systemd/my-tool@{app}.service.d/needs.conf"));
        let lines = |app: &str| -> Vec<_> {
            let text = of(app).expect("a drop-in").lines();
            text.filter(|line| line.contains('=')).collect()
        };
        assert_eq!(of("opens"), None);
        assert_eq!(
            lines("hello"),
            [
                "DynamicUser=no",
                "User=root",
                "AmbientCapabilities=",
                "CapabilityBoundingSet=CAP_SETGID CAP_SETUID",
            ]
        );
        assert_eq!(
            lines("packets"),
            [
                "AmbientCapabilities=CAP_NET_ADMIN",
                "CapabilityBoundingSet=CAP_NET_ADMIN",
                "RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK",
            ]
        );
        assert_eq!(
            lines("raw").last(),
            Some(&"RestrictAddressFamilies=AF_PACKET")
        );
        assert_eq!(
            lines("samples"),
            [
                "AmbientCapabilities=CAP_SYSLOG CAP_SYS_PTRACE",
                "CapabilityBoundingSet=CAP_SYSLOG CAP_SYS_PTRACE",
                "ProtectKernelLogs=no",
                "ProtectKernelTunables=no",
                "ReadOnlyPaths=/proc/sys /sys",
            ]
        );

        // the name of the binary is in each, and no template is left in any
        for (path, text) in &texts {
            let is_left = text.contains("{%") || text.contains("bpfapps@");
            assert!(!is_left, "{path}: {text}");
            assert!(
                text.contains("my-tool") || path.ends_with("needs.conf"),
                "{path}"
            );
        }
        let service = texts["systemd/my-tool@.service"];
        assert!(
            service.contains("\nExecStart=/usr/bin/my-tool %i "),
            "{service}"
        );
        // the example is an app that needs no root
        assert!(texts["config.yaml"].contains("\n# opens:\n"));
        Ok(())
    }
}

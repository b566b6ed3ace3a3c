//! Debian's archive, by way of the mirror that this machine's apt uses already. apt checks the
//! signatures, and has a configuration and folders of our own: nothing of the machine's is changed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};
use bpfapps_host::Release;
use bpfapps_task::progress::Step;
use bpfapps_task::{Arch, apt, out, path};
use sha2::{Digest, Sha256};

use super::files::{find, fresh};
use super::mirror::{no_archive, sources};

/// The keys of all suites, including those that this machine does not use.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// Package lists younger than this are new enough.
const FRESH: Duration = Duration::from_secs(24 * 60 * 60);

/// Debian's archive, as a machine with this processor sees it.
pub(crate) struct Archive {
    arch: Arch,
    folder: PathBuf,
}

/// A package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Package {
    pub(super) version: Release,
    full_version: String,
    pub(super) name: String,
    /// The hash in apt's signed index.
    sha256: String,
}

impl Package {
    /// A name for a file of it in the cache.
    pub(crate) fn file_name(&self, extension: &str) -> String {
        format!("{}_{}.{extension}", self.name, self.full_version)
    }

    /// True if both were built of one source, of one version.
    pub(crate) fn is_of(&self, other: &Self) -> bool {
        self.full_version == other.full_version
    }

    /// True if the file is the package's.
    fn is(&self, file: &Path) -> bool {
        let Ok(bytes) = fs::read(file) else {
            return false;
        };
        let hash = Sha256::digest(&bytes);
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        hash == self.sha256
    }
}

impl Archive {
    /// The one for this machine, where that is known.
    pub(crate) fn own(cache: &Path) -> Result<Self> {
        Self::open(cache, Arch::here().unwrap_or(Arch::Amd64))
    }

    /// Opens the archive; fetches its package lists where they are old.
    pub(crate) fn open(cache: &Path, arch: Arch) -> Result<Self> {
        if let Some(missing) = ["apt-get", "dpkg-deb"].iter().find(|name| !path::has(name)) {
            return Err(no_archive(&format!("there is no {missing} here")));
        }
        let folder = match Arch::here() == Some(arch) {
            true => cache.join("apt"),
            false => cache.join(format!("apt-{arch}")),
        };
        super::cache::make(cache, &folder)?;
        let archive = Self { arch, folder };
        // apt removes unknown files from its own folders
        let fetched = archive.folder.join("fetched");
        let age = fetched.metadata().and_then(|file| file.modified());
        if age.is_ok_and(|time| SystemTime::now().duration_since(time).unwrap_or_default() < FRESH)
        {
            return Ok(archive);
        }
        archive.configure()?;
        let mut update = archive.apt("apt-get");
        update.arg("update");
        // another task may fetch them right now
        let deadline = Instant::now() + apt::PATIENCE;
        let ended = apt::watch("fetching Debian's package lists", update, deadline)?;
        // a suite that is not on the mirror is no reason to do without the others
        if ended.status.success() {
            fs::write(&fetched, "").context("failed to write the cache")?;
        } else {
            out::note(ended.tail(8));
            out::note("going on with the package lists that are there");
        }
        Ok(archive)
    }

    fn configure(&self) -> Result<()> {
        let folder = &self.folder;
        for part in ["lists/partial", "archives/partial"] {
            fs::create_dir_all(folder.join(part)).context("failed to create the cache folder")?;
        }
        let here = folder.display();
        let arch = self.arch;
        let configuration = format!(
            "Dir::Etc::SourceList \"{here}/sources.list\";\n\
             Dir::Etc::SourceParts \"/dev/null\";\n\
             Dir::Etc::PreferencesParts \"/dev/null\";\n\
             Dir::State \"{here}\";\n\
             Dir::State::Lists \"{here}/lists\";\n\
             Dir::State::status \"{here}/status\";\n\
             Dir::Cache \"{here}\";\n\
             APT::Architecture \"{arch}\";\n\
             APT::Architectures {{ \"{arch}\"; }};\n\
             APT::Sandbox::User \"root\";\n\
             APT::Update::Error-Mode \"any\";\n\
             Acquire::Languages \"none\";\n\
             Acquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\n\
             Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled \"false\";\n"
        );
        let keys = if Path::new(KEYRING).exists() {
            format!("[signed-by={KEYRING}] ")
        } else {
            String::new()
        };
        let sources = sources(&keys)?;
        for (name, text) in [
            ("apt.conf", configuration.as_str()),
            ("sources.list", &sources),
            ("status", ""),
        ] {
            fs::write(folder.join(name), text).context("failed to write the cache")?;
        }
        Ok(())
    }

    pub(super) fn apt(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg("-c").arg(self.folder.join("apt.conf"));
        command.env("LC_ALL", "C");
        command
    }

    /// The packages with a kernel, oldest first.
    pub(super) fn kernels(&self) -> Result<Vec<Package>> {
        // the flavour without drivers that no virtual machine has
        let flavour = format!("cloud-{}", self.arch);
        self.packages(&format!("^linux-(image|binary)-[0-9.]+[0-9].*-{flavour}$"))
    }

    /// The packages with the source of a kernel, oldest first.
    pub(super) fn sources(&self) -> Result<Vec<Package>> {
        self.packages("^linux-source-[0-9.]+$")
    }

    pub(crate) fn packages(&self, pattern: &str) -> Result<Vec<Package>> {
        let listed = self
            .apt("apt-cache")
            .args(["search", "--names-only", "--full", pattern])
            .stderr(Stdio::inherit())
            .output()
            .context("failed to run apt-cache")?;
        if !listed.status.success() {
            bail!("apt-cache ended with {}", listed.status);
        }
        let packages = packages(&String::from_utf8_lossy(&listed.stdout));
        if packages.is_empty() {
            return Err(no_archive("its package lists can not be had"));
        }
        Ok(packages)
    }

    /// Takes the kernel out of a package, which is downloaded unless it is in the cache, as the index
    /// says it is.
    pub(super) fn kernel(&self, package: &Package, to: &Path) -> Result<()> {
        self.file(package, to, &|path| {
            let name = path.file_name().unwrap_or_default();
            name.to_string_lossy().starts_with("vmlinuz")
        })
    }

    /// Downloads a package to `deb`, unless it is there as the index says it is.
    pub(crate) fn fetch(&self, package: &Package, deb: &Path) -> Result<()> {
        if package.is(deb) {
            return Ok(());
        }
        let work = fresh(deb)?;
        self.download(package, &work)?;
        let got = find(&work, &|path| {
            path.extension().is_some_and(|it| it == "deb")
        });
        let got = got.context("apt downloaded nothing")?;
        fs::rename(got, deb).context("failed to write the cache")?;
        fs::remove_dir_all(&work).context("failed to clear the cache")?;
        if !package.is(deb) {
            bail!(
                "what apt downloaded is not {}, by its SHA-256",
                package.name
            );
        }
        Ok(())
    }

    fn download(&self, package: &Package, folder: &Path) -> Result<()> {
        let label = format!("downloading {} {}", package.name, package.full_version);
        let step = Step::start(&label);
        let bar = step.bar();
        let mut child = self
            .apt("apt-get")
            .args(["--quiet=2", "--option", "APT::Status-Fd=1", "download"])
            .arg(format!("{}={}", package.name, package.full_version))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("failed to run apt-get")?;
        if let Some(stdout) = child.stdout.take() {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // dlstatus:FILE:PERCENT:WORDS
                let percent = line
                    .strip_prefix("dlstatus:")
                    .and_then(|l| l.split(':').nth(1));
                if let Some(percent) = percent.and_then(|percent| percent.parse::<f64>().ok()) {
                    bar.set_position(percent as u64);
                }
            }
        }
        let status = child.wait().context("failed to wait for apt-get")?;
        bar.finish_and_clear();
        step.end(status);
        if !status.success() {
            bail!(
                "failed to download {}: apt-get ended with {status}",
                package.name
            );
        }
        Ok(())
    }
}

/// Reads records of packages. If the kernel is in a `linux-binary-…`, the `linux-image-…` of the
/// same version only depends on it.
fn packages(records: &str) -> Vec<Package> {
    let mut found = Vec::new();
    for record in records.split("\n\n") {
        let fields: BTreeMap<_, _> = record
            .lines()
            .filter_map(|line| line.split_once(": "))
            .collect();
        let field = |name| fields.get(name).copied().unwrap_or_default();
        if field("Depends").contains("linux-binary-") {
            continue;
        }
        // an epoch says nothing about what is in it
        let version = field("Version");
        let version = version.split_once(':').map_or(version, |(_, it)| it);
        if let Some(version) = Release::parse(version) {
            found.push(Package {
                version,
                full_version: field("Version").to_owned(),
                name: field("Package").to_owned(),
                sha256: field("SHA256").to_owned(),
            });
        }
    }
    // a backport, with a ~ in its version, is older than its source
    found.sort_by_key(|package| {
        let original = !package.full_version.contains('~');
        (package.version.clone(), original, package.name.clone())
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_sorted_and_those_that_only_depend_on_one_left_out() {
        let records = "Package: linux-image-6.12.117+deb13-cloud-amd64\nVersion: 6.12.117-1\n\n\
             Package: linux-image-6.12.117+deb12-cloud-amd64\nVersion: 6.12.117-1~bpo12+1\n\n\
             Package: linux-image-7.2.13-cloud-amd64\nVersion: 7.2.13-1\n\
             Depends: x, linux-binary-7.2.13-cloud-amd64 (= 7.2.13-1)\n\n\
             Package: linux-binary-7.2.13-cloud-amd64\nVersion: 7.2.13-1\n\n\
             Package: linux-image-5.10.0-46-cloud-amd64\nVersion: 5.10.262-1\n";
        let names: Vec<_> = packages(records)
            .into_iter()
            .map(|package| package.name)
            .collect();
        assert_eq!(
            names,
            [
                "linux-image-5.10.0-46-cloud-amd64",
                "linux-image-6.12.117+deb12-cloud-amd64",
                "linux-image-6.12.117+deb13-cloud-amd64",
                "linux-binary-7.2.13-cloud-amd64",
            ]
        );
    }
}

//! The image, without a daemon: its layer is unpacked, and its program runs in there as a container
//! with two capabilities would run it.

use std::env;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use bpfapps_testkit::{Fixture, Process, Test, fixture, program, skip, test};
use caps::{CapSet, Capability, CapsHashSet};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::chroot;
use serde_json::Value;

use super::{Shipped, tool};

pub(super) const TESTS: &[Test] = &[
    test!(digests_are_those_of_the_files),
    test!(program_reports_processes_of_the_machine),
    test!(archive_is_the_folder),
    test!(tools_for_images_understand_it),
];

pub(super) const FIXTURES: &[Fixture] = &[fixture!(in_image)];

/// A blob, and its content if it is JSON.
fn blob(layout: &Path, descriptor: &Value) -> Result<PathBuf> {
    let digest = descriptor["digest"].as_str().context("no digest")?;
    let (algorithm, hash) = digest.split_once(':').context("no algorithm")?;
    Ok(layout.join("blobs").join(algorithm).join(hash))
}

fn json(path: &Path) -> Result<Value> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

struct Image {
    manifest: Value,
    config: Value,
    layer: PathBuf,
}

impl Image {
    fn new() -> Result<Self> {
        let layout = Shipped::new()?.packed("oci")?;
        let index = json(&layout.join("index.json"))?;
        let manifest = json(&blob(&layout, &index["manifests"][0])?)?;
        let config = json(&blob(&layout, &manifest["config"])?)?;
        let layer = blob(&layout, &manifest["layers"][0])?;
        Ok(Self {
            manifest,
            config,
            layer,
        })
    }
}

/// The SHA-256 that coreutils computes of a file.
fn sha256(path: &Path) -> Result<String> {
    let said = tool(Command::new("sha256sum").arg(path))?.context("no sha256sum")?;
    let sum = said.split(' ').next().unwrap_or_default();
    Ok(format!("sha256:{sum}"))
}

fn digests_are_those_of_the_files() -> Result<()> {
    let image = Image::new()?;
    let layer = &image.manifest["layers"][0];
    ensure!(layer["digest"] == sha256(&image.layer)?, "{layer}");
    ensure!(layer["size"] == image.layer.metadata()?.len(), "{layer}");
    let folder = tempfile::tempdir()?;
    let plain = folder.path().join("layer.tar");
    let unpacked = Command::new("gzip").arg("-dc").arg(&image.layer).output()?;
    fs::write(&plain, unpacked.stdout)?;
    let ids = &image.config["rootfs"]["diff_ids"];
    ensure!(ids[0] == sha256(&plain)?, "{ids}");
    let config = &image.config["config"];
    ensure!(config["Entrypoint"][0] == "/usr/bin/bpfapps", "{config}");
    Ok(())
}

fn archive_is_the_folder() -> Result<()> {
    let shipped = Shipped::new()?;
    let folder = tempfile::tempdir()?;
    let archive = shipped.packed("tar")?;
    let mut unpack = Command::new("tar");
    tool(unpack.arg("-C").arg(folder.path()).arg("-xf").arg(&archive))?;
    let layout = shipped.packed("oci")?;
    let mut differ = Command::new("diff");
    let same = tool(differ.arg("-r").arg(&layout).arg(folder.path()))?;
    ensure!(same.as_deref() == Some(""), "{same:?}");
    Ok(())
}

fn tools_for_images_understand_it() -> Result<()> {
    let archive = Shipped::new()?.packed("tar")?;
    let name = format!("oci-archive:{}", archive.display());
    match tool(Command::new("skopeo").args(["inspect", &name]))? {
        None => skip("skopeo is not installed"),
        Some(said) => {
            let version = "\"org.opencontainers.image.version\"";
            ensure!(said.contains(version), "{said}");
            Ok(())
        }
    }
}

fn program_reports_processes_of_the_machine() -> Result<()> {
    let image = Image::new()?;
    let root = tempfile::tempdir()?;
    let mut unpack = Command::new("tar");
    tool(
        unpack
            .arg("-C")
            .arg(root.path())
            .arg("-xzf")
            .arg(&image.layer),
    )?;
    add_libraries(root.path())?;
    let entry = image.config["config"]["Entrypoint"][0].as_str();
    let mut command = fixture("in_image")?;
    command.arg(root.path()).arg(entry.context("no program")?);
    command.arg("procs");
    let mut app = Process::start(&mut command)?;
    // the title tells that it is attached
    app.line(|line| line.starts_with("TIME "))?;
    let mut child = Command::new("sh").args(["-c", "exit 7"]).spawn()?;
    child.wait()?;
    let pid = format!(" {} ", child.id());
    let row = app.line(|line| line.contains(&pid) && line.contains(" EXIT "))?;
    ensure!(row.contains(" sh ") && row.contains("[7]"), "{row}");
    let held = app.status("CapEff")?;
    ensure!(held.trim_matches('0').is_empty(), "it has {held}");
    Ok(())
}

/// The program of `dist` needs none; the one that is tested may.
fn add_libraries(root: &Path) -> Result<()> {
    let needed = Command::new("ldd").arg(program()).output()?;
    for line in String::from_utf8(needed.stdout)?.lines() {
        let mut words = line.split_whitespace();
        let Some(path) = words.find(|word| word.starts_with('/')) else {
            continue;
        };
        let to = root.join(path.trim_start_matches('/'));
        fs::create_dir_all(to.parent().context("no folder")?)?;
        fs::copy(path, to)?;
    }
    Ok(())
}

/// `ROOT PROGRAM ARGS…`: in that root, as the root of a container with CAP_BPF and CAP_PERFMON.
fn in_image(args: &[String]) -> Result<()> {
    let [root, program, args @ ..] = args else {
        bail!("a root and a program");
    };
    unshare(CloneFlags::CLONE_NEWNS)?;
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    for name in ["proc", "sys"] {
        let place = Path::new(root).join(name);
        fs::create_dir_all(&place)?;
        let from = Some(Path::new("/").join(name));
        let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
        mount(from.as_deref(), &place, none, flags, none)?;
    }
    chroot(Path::new(root))?;
    env::set_current_dir("/")?;
    let kept = CapsHashSet::from([Capability::CAP_BPF, Capability::CAP_PERFMON]);
    // exec gives root all capabilities in the bounding set
    for capability in caps::read(None, CapSet::Bounding)?.difference(&kept) {
        caps::drop(None, CapSet::Bounding, *capability)?;
    }
    caps::clear(None, CapSet::Inheritable)?;
    Err(Command::new(program).args(args).exec()).context("failed to run the program of the image")
}

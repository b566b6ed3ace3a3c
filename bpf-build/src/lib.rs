//! What every app's `build.rs` shares: one call from `<app>.bpf.c` to a skeleton.
//!
//! ```text
//! apps/bootstrap/build.rs:  fn main() { bpfapps_build::skeleton("bootstrap"); }
//! ```
//!
//! The call compiles `src/bpf/<app>.bpf.c` with clang, strips DWARF and keeps BTF, refuses
//! records that Rust could not read safely, and leaves two files in `OUT_DIR` for
//! `bpfapps_core::skeleton!`: libbpf-cargo's skeleton, and the records' trait impls.

mod arch;
mod clang;
mod helpers;
mod record;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use libbpf_cargo::SkeletonBuilder;
use libbpf_rs::libbpf_sys;
use libbpf_rs::{Linker, PrintLevel};

use arch::kernel_arch;
use clang::Clang;

/// Builds `src/bpf/<app>.bpf.c` of the calling package into a skeleton in `OUT_DIR`.
///
/// To be called from a build script. Anything wrong ends it the way that cargo shows best:
/// clang's diagnostics as clang prints them, everything else as one `error:` line.
pub fn skeleton(app: &str) {
    if let Err(err) = build(app) {
        match err.downcast_ref::<clang::Rejected>() {
            // clang has said all there is to say, on our stderr
            Some(_) => std::process::exit(1),
            None => say(&format!("cargo::error={err:#}")),
        }
    }
}

/// Writes the names of the helpers, each in the place of its number, to `helpers.rs` in `OUT_DIR`:
/// libbpf's headers have them, and a running libbpf does not.
pub fn helper_names() {
    let written = variable("OUT_DIR").and_then(|out| {
        let names = helpers::names()?;
        let text = format!("/// The helpers, each in the place of its number.\nconst NAMES: &[&str] = &{names:?};\n");
        write(&PathBuf::from(out).join("helpers.rs"), &text)
    });
    if let Err(err) = written {
        say(&format!("cargo::error={err:#}"));
    }
}

fn build(app: &str) -> Result<()> {
    let package = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    let arch = kernel_arch(&variable("CARGO_CFG_TARGET_ARCH")?).to_owned();

    let source = package.join("src/bpf").join(format!("{app}.bpf.c"));
    if !source.is_file() {
        bail!(
            "{} is not there: an app's BPF code is expected in it",
            source.display()
        );
    }

    write_libbpf_headers(&out.join("include/bpf"))?;
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
    let includes = [out.join("include"), own.join("vmlinux").join(&arch), own];

    let compiled = out.join(format!("{app}.clang.o"));
    let headers = Clang::find()?.compile(&source, &compiled, &arch, &includes)?;

    let records = record::rust_impls(&compiled)
        .with_context(|| format!("{app}.bpf.c shares a record that Rust can not read"))?;
    write(&out.join(format!("{app}.records.rs")), &records)?;

    let object = out.join(format!("{app}.bpf.o"));
    link(&compiled, &object)?;
    let skeleton = out.join(format!("{app}.skel.rs"));
    let mut builder = SkeletonBuilder::new();
    builder
        .obj(&object)
        .reference_obj(true)
        .generate(&skeleton)
        .with_context(|| format!("failed to generate the skeleton of {app}.bpf.c"))?;
    publish_object(&skeleton)?;

    // Only now: a build script that failed is run again anyway, and cargo prints what it said.
    say("cargo::rerun-if-env-changed=CLANG");
    for header in headers.iter().filter(|header| !header.starts_with(&out)) {
        say(&format!("cargo::rerun-if-changed={}", header.display()));
    }
    Ok(())
}

/// Links the one object file; what is left behind is its DWARF and the paths in it.
fn link(compiled: &Path, object: &Path) -> Result<()> {
    libbpf_rs::set_print(Some((PrintLevel::Warn, |_, line| {
        say(&format!("cargo::warning={}", line.trim_end()));
    })));
    let mut linker = Linker::new(object).context("failed to start libbpf's linker")?;
    linker
        .add_file(compiled)
        .and_then(|()| linker.link())
        .with_context(|| format!("failed to link {}", compiled.display()))
}

/// Lets the module around a skeleton see the object file in it, which core lists.
fn publish_object(skeleton: &Path) -> Result<()> {
    const PRIVATE: &str = "static DATA: ";
    let text = fs::read_to_string(skeleton).context("failed to read the skeleton")?;
    if text.matches(PRIVATE).count() != 1 {
        bail!("libbpf-cargo keeps the object elsewhere now: there is no one `static DATA`");
    }
    write(skeleton, &text.replace(PRIVATE, "pub static DATA: "))
}

/// Unpacks the headers of the very libbpf that will load the object.
fn write_libbpf_headers(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("failed to create {}", folder.display()))?;
    for (name, text) in libbpf_sys::API_HEADERS {
        write(&folder.join(name), text)?;
    }
    Ok(())
}

/// Writes `text`, unless it stands there already: a new time stamp would rebuild dependents.
fn write(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))
}

fn variable(name: &str) -> Result<String> {
    env::var(name).with_context(|| format!("{name} is not set: call this from a build script"))
}

/// Speaks to cargo, which reads the standard output of build scripts.
#[expect(
    clippy::print_stdout,
    reason = "the protocol between cargo and build scripts"
)]
fn say(directive: &str) {
    println!("{directive}");
}

//! The shared part of every app's `build.rs`: one call from `<app>.bpf.c` to a skeleton.
//!
//! ```no_run
//! // all of `main` in apps/bootstrap/build.rs
//! bpfapps_build::skeleton("bootstrap");
//! ```
//!
//! The call compiles `src/bpf/<app>.bpf.c` with clang, strips DWARF and keeps BTF, and refuses
//! records that Rust could not read safely. It writes two files to `OUT_DIR` for
//! `bpfapps_core::skeleton!`: libbpf-cargo's skeleton, and the trait impls of the records.

mod clang;
mod globals;
mod helpers;
mod members;
mod precompiled;
mod record;
mod rows;
mod undefined;
pub mod vmlinux;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use bpfapps_explain::{Code, Failure};
use bpfapps_host::platform::kernel_arch;
use libbpf_cargo::SkeletonBuilder;
use libbpf_rs::btf::Btf;
use libbpf_rs::libbpf_sys;
use libbpf_rs::{Linker, PrintLevel};

use clang::{Clang, Flags, workspace_root};

/// Builds `src/bpf/<app>.bpf.c` of the calling package into a skeleton in `OUT_DIR`.
///
/// To be called from a build script. Anything wrong ends it the way that cargo shows best:
/// clang's diagnostics as clang prints them, everything else as one `error:` line.
pub fn skeleton(app: &str) {
    end(build(app));
}

/// Builds `src/bpf/<name>.bpf.c` of the calling package into `<name>.bpf.o` in `OUT_DIR`, without
/// a skeleton. Otherwise as [`skeleton`].
pub fn object(name: &str) {
    end(link_alone(name, None));
}

/// The same with a macro defined, into `<name>.<macro>.bpf.o`.
pub fn object_with(name: &str, defined: &str) {
    end(link_alone(name, Some(defined)));
}

/// Builds `source`, such as one that the build script has written, into `object`, in the same way.
pub fn object_from(source: &Path, object: &Path) {
    end(
        compile_file(source, &object.with_extension("clang.o"), None).and_then(|compiled| {
            link(&compiled.file, object)?;
            compiled.watch();
            Ok(())
        }),
    );
}

fn link_alone(name: &str, defined: Option<&str>) -> Result<()> {
    let compiled = compile(name, defined)?;
    let name = variant(name, defined);
    link(&compiled.file, &compiled.out.join(format!("{name}.bpf.o")))?;
    compiled.watch();
    Ok(())
}

/// The name of an object for which a macro was defined.
fn variant(name: &str, defined: Option<&str>) -> String {
    defined.map_or_else(|| name.to_owned(), |defined| format!("{name}.{defined}"))
}

/// Ends the build script as it has to, where something went wrong.
fn end(built: Result<()>) {
    if let Err(err) = built {
        if err.is::<clang::Rejected>() {
            // all there is to say is on our stderr
            std::process::exit(1);
        }
        // cargo makes an error of each line: all of it is one
        let code = Failure::of(&err).and_then(|failure| failure.explained().0);
        let more = code.map(|code| format!(" (more: cargo xtask explain {code})"));
        say(&format!("cargo::error={err:#}{}", more.unwrap_or_default()));
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
    let compiled = compile(app, None)?;
    let out = &compiled.out;
    undefined::check(&compiled.file)?;
    let btf = Btf::from_path(&compiled.file);
    let btf = btf.with_context(|| format!("failed to read the types of {app}.bpf.c"))?;
    let declared = record::declared(&btf);
    let records = record::rust_impls(&btf, &declared).with_context(|| {
        let what = format!("{app}.bpf.c shares a record that Rust can not read");
        Failure::without_hint(what).code(Code::RECORD)
    })?;
    let rows = rows::code(&btf, &declared)
        .with_context(|| format!("{app}.bpf.c declares a record that can not be shown"))?;

    let object = out.join(format!("{app}.bpf.o"));
    link(&compiled.file, &object)?;
    let skeleton = out.join(format!("{app}.skel.rs"));
    let mut builder = SkeletonBuilder::new();
    builder
        .obj(&object)
        .reference_obj(true)
        .generate(&skeleton)
        .with_context(|| format!("failed to generate the skeleton of {app}.bpf.c"))?;
    publish_object(&skeleton)?;
    let globals = globals::rust_impls(&skeleton)?;
    write(
        &out.join(format!("{app}.records.rs")),
        &[records, rows, globals].concat(),
    )?;
    compiled.watch();
    Ok(())
}

/// The result of compiling a source.
struct Compiled {
    out: PathBuf,
    file: PathBuf,
    /// The source and the headers that it came from.
    sources: Vec<PathBuf>,
}

impl Compiled {
    /// Called at the end: cargo runs a failed build script again anyway, and shows its output.
    fn watch(&self) {
        say("cargo::rerun-if-env-changed=CLANG");
        let of_others = |source: &&PathBuf| !source.starts_with(&self.out);
        for source in self.sources.iter().filter(of_others) {
            say(&format!("cargo::rerun-if-changed={}", source.display()));
        }
    }
}

fn compile(app: &str, defined: Option<&str>) -> Result<Compiled> {
    let package = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    let source = package.join("src/bpf").join(format!("{app}.bpf.c"));
    if !source.is_file() {
        bail!(
            "{} is not there: an app's BPF code is expected in it",
            source.display()
        );
    }

    let file = out.join(format!("{}.clang.o", variant(app, defined)));
    compile_file(&source, &file, defined)
}

fn compile_file(source: &Path, file: &Path, defined: Option<&str>) -> Result<Compiled> {
    let out = PathBuf::from(variable("OUT_DIR")?);
    let arch = kernel_arch(&variable("CARGO_CFG_TARGET_ARCH")?).to_owned();
    write_libbpf_headers(&out.join("include/bpf"))?;
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
    let root = workspace_root(source);
    // the workspace's own vmlinux.h comes first
    let vmlinux = [root, &own].map(|folder| folder.join("vmlinux").join(&arch));
    let includes = [&[out.join("include")][..], &vmlinux, &[own]].concat();

    let target = format!("__TARGET_ARCH_{arch}");
    let all = Flags {
        root,
        macros: &[&target],
        includes: &includes,
    };
    let clang = Clang::find()?;
    // a macro of one object would stay defined for the others
    let header = precompiled::for_source(source, &clang, &all, &out)?;
    let macros: Vec<_> = [Some(&*target), defined].into_iter().flatten().collect();
    let flags = Flags {
        macros: &macros,
        ..all
    };
    let mut sources = clang.compile(source, file, &flags, header.as_ref().map(|it| &*it.file))?;
    sources.extend(header.iter().flat_map(|it| it.sources.clone()));
    let file = file.to_owned();
    Ok(Compiled { out, file, sources })
}

/// Links the object file, which drops its DWARF and the paths in it.
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

/// Writes `text` if it changed: a new time stamp would rebuild dependents.
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

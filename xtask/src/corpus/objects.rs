//! The selftests: unpacked, and those compiled that expect a program to fail.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, Result, bail};
use bpfapps_task::workspace::Workspace;
use bpfapps_task::{Arch, Series};
use bpfapps_vm::Source;

use super::Corpus;
use crate::progress::Step;
use crate::vmlinux::this_arch;
use crate::{cargo, out};

/// What is needed of the kernel's source.
const PARTS: [&str; 2] = ["tools/include", "tools/testing/selftests/bpf"];

/// The selftests need a newer clang than ours do.
pub(crate) const CLANG: &str = "clang-19";

/// Compiles the selftests of a series. `include` is the folder with vmlinux.h.
pub(super) fn compile(corpus: &Corpus, series: &Series, include: &Path) -> Result<()> {
    let unpacked = corpus.folder.join("source");
    let source = Source::unpack(series, &PARTS, &unpacked)?;
    let selftests = source.folder.join("tools/testing/selftests/bpf");
    let mut files = Vec::new();
    let mut naked = String::new();
    let progs = selftests.join("progs");
    for entry in fs::read_dir(&progs).context("failed to read the selftests")? {
        let file = entry.context("failed to read the selftests")?.path();
        let is_source = file.extension().is_some_and(|extension| extension == "c");
        let text = fs::read(&file).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        if is_source && text.contains("__failure") {
            naked.extend(naked_functions(&text).map(|name| format!("{name}\n")));
            files.push(file);
        }
    }
    files.sort();
    fs::create_dir_all(corpus.objects()).context("failed to create the folder")?;
    fs::write(corpus.naked(), naked).context("failed to write the list")?;

    let headers = libbpf_headers()?;
    let includes = [
        include.join("vmlinux/x86"),
        headers,
        selftests.join("libarena/include"),
        selftests.clone(),
        source.folder.join("tools/include/uapi"),
    ];
    let label = format!(
        "compiling {} selftests of Linux {}",
        files.len(),
        source.version
    );
    let step = Step::start(&label);
    let bar = step.bar();
    bar.set_length(files.len() as u64);
    let queue = Mutex::new(files.iter());
    let failed = Mutex::new(Vec::new());
    let work = || {
        let next = || queue.lock().ok().and_then(|mut queue| queue.next());
        while let Some(file) = next() {
            let compiles = |more: &[&str]| {
                let mut clang = clang(file, &includes, &source.folder, &corpus.objects());
                clang
                    .args(more)
                    .status()
                    .is_ok_and(|status| status.success())
            };
            // the selftests of an older kernel declare kfuncs themselves, as they were
            let is_compiled = compiles(&[]) || compiles(&["-DBPF_NO_KFUNC_PROTOTYPES"]);
            if !is_compiled && let Ok(mut failed) = failed.lock() {
                failed.push(file);
            }
            bar.inc(1);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, Into::into) {
            scope.spawn(work);
        }
    });
    bar.finish_and_clear();
    step.close("done");
    let failed = failed.into_inner().unwrap_or_default();
    for file in &failed {
        out::note(format_args!("does not compile: {}", file.display()));
    }
    if failed.len() * 10 > files.len() {
        bail!(
            "{} of {} selftests do not compile",
            failed.len(),
            files.len()
        );
    }
    corpus.remove(&unpacked)
}

fn clang(file: &Path, includes: &[PathBuf], source: &Path, to: &Path) -> Command {
    const FLAGS: [&str; 10] = [
        "-g",
        "-O2",
        "-mcpu=v3",
        "--target=bpf",
        "-std=gnu11",
        "-fno-strict-aliasing",
        "-fms-extensions",
        "-DENABLE_ATOMICS_TESTS",
        "-Wno-everything",
        "-c",
    ];
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let mut clang = Command::new(CLANG);
    clang.args(FLAGS).arg(file);
    clang.arg(format!("-D__TARGET_ARCH_{}", this_arch()));
    for folder in includes {
        clang.arg("-I").arg(folder);
    }
    if let Some(arch) = Arch::here() {
        let of_debian = Path::new("/usr/include").join(arch.gnu());
        clang.arg("-idirafter").arg(of_debian);
    }
    clang.arg("-idirafter").arg(source.join("tools/include"));
    clang.arg("-o").arg(to.join(format!("{name}.bpf.o")));
    clang.stderr(Stdio::null());
    clang
}

/// libbpf's headers, which are those of our own objects.
fn libbpf_headers() -> Result<PathBuf> {
    let binary = Workspace::here()?.binary()?;
    let built = cargo::build(binary, &mut cargo::cargo(["build", "--package", binary]))?;
    let headers = built.out_dir("libbpf-sys")?.join("include");
    if !headers.join("bpf/bpf_helpers.h").exists() {
        bail!("libbpf's headers are not in {}", headers.display());
    }
    Ok(headers)
}

/// The names of functions that consist of assembly alone.
fn naked_functions(text: &str) -> impl Iterator<Item = &str> {
    text.split("__naked").skip(1).filter_map(|rest| {
        let (head, _) = rest.split_once('(')?;
        head.rsplit([' ', '\n', '\t', '*']).next()
    })
}

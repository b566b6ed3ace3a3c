//! Detects requirements by trying them: a package database does not know a clang under /opt or a
//! libelf built by hand.

use std::ffi::OsString;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::{env, thread};

use super::requirement::{Probe, Requirement};
use crate::target::Target;
use crate::{busybox, cc, path};

/// Answers which of these are missing on this machine for builds of `target`, all tried at once.
pub(crate) fn missing(
    target: Target,
    wanted: impl Iterator<Item = &'static Requirement>,
) -> Vec<&'static Requirement> {
    let wanted: Vec<_> = wanted.collect();
    let headers: Vec<_> = wanted
        .iter()
        .filter_map(|requirement| match requirement.probe {
            Probe::Header(name) => Some(name),
            _ => None,
        })
        .collect();
    // mostly they are all there, and one run of the compiler is enough
    let headers = LazyLock::new(|| include(target, &headers));

    thread::scope(|scope| {
        let tried: Vec<_> = wanted
            .into_iter()
            .map(|requirement| {
                (
                    requirement,
                    scope.spawn(|| requirement.probe.holds(target, &headers)),
                )
            })
            .collect();
        tried
            .into_iter()
            .filter_map(|(requirement, probe)| {
                (!probe.join().unwrap_or(false)).then_some(requirement)
            })
            .collect()
    })
}

impl Probe {
    fn holds<F: FnOnce() -> bool>(self, target: Target, headers: &LazyLock<bool, F>) -> bool {
        match self {
            Self::Header(name) => **headers || include(target, &[name]),
            Self::Clang => {
                let mut clang = Command::new(clang());
                // only with a back end for the target does it get to the end
                clang.args(["-target", "bpf", "-c", "-o", "/dev/null"]);
                compiles(
                    clang,
                    "#if __clang_major__ < 14\n#error old\n#endif\nint x;",
                )
            }
            Self::Programs(names) => names.iter().all(|name| path::root_has(name)),
            Self::Runs(program) => quietly(Command::new(program).arg("--version")),
            Self::Archive(name) => cc::archive(target, name).is_some(),
            Self::Busybox => busybox::find().is_some(),
            Self::BesideLibelf => cc::beside_libelf(target).is_some_and(|names| {
                names
                    .iter()
                    .all(|name| cc::archive(target, &format!("lib{name}.a")).is_some())
            }),
            Self::RustLibrary => target.has_library(),
        }
    }
}

/// The clang that compiles BPF programs.
pub(crate) fn clang() -> OsString {
    env::var_os("CLANG").unwrap_or_else(|| "clang".into())
}

/// True if the C compiler finds these headers.
fn include(target: Target, headers: &[&str]) -> bool {
    let mut compiler = target.compiler();
    compiler.arg("-fsyntax-only");
    let includes = headers.iter().map(|name| format!("#include <{name}>\n"));
    compiles(compiler, &includes.collect::<String>())
}

fn compiles(mut compiler: Command, source: &str) -> bool {
    let child = compiler
        .args(["-x", "c", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    child.is_ok_and(|mut child| {
        // a compiler that does not read will not have compiled it either
        let _ = child
            .stdin
            .take()
            .map(|mut stdin| stdin.write_all(source.as_bytes()));
        child.wait().is_ok_and(|status| status.success())
    })
}

fn quietly(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

//! How rustc links the binary that ships.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

use anyhow::{Context, Result};
use bpfapps_task::workspace::Workspace;
use toml_edit::DocumentMut;

use super::build::stdout;
use crate::cc;
use crate::target::Target;

/// The oldest glibc whose start-up code can relocate a static binary that has its relocations
/// packed: that makes it 4 % smaller.
const PACKED_SINCE: (u32, u32) = (2, 36);

/// Folds functions of the same code into one. lld, the linker of rustup's toolchains, can do that.
const FOLD: &str = "-Wl,--icf=all";

const NO_FRAMES: &str = include_str!("no-frames.ld");

/// Has a `cargo build` link libelf, zlib and the C library into its programs.
#[cfg(feature = "vm")]
pub(crate) fn link_statically(target: Target, command: &mut Command) -> Result<()> {
    link(target, command, Vec::new())
}

/// The same, without whatever a stripped program that aborts can't use.
pub(super) fn link_small(target: Target, command: &mut Command) -> Result<()> {
    let workspace = Workspace::here()?;
    let mut flags = Vec::new();
    // core has an unwinder for these, which needs no tables
    if glibc(target).is_some() && aborts(&workspace.root().join("Cargo.toml"))? {
        flags.extend(without_frames(workspace.target())?);
    }
    if is_taken(target, FOLD) {
        flags.push(format!("-Clink-arg={FOLD}"));
    }
    link(target, command, flags)
}

/// `folder` keeps the script for the linker.
fn without_frames(folder: &Path) -> Result<[String; 3]> {
    let script = folder.join("no-frames.ld");
    fs::write(&script, NO_FRAMES)
        .with_context(|| format!("failed to write {}", script.display()))?;
    Ok([
        "-Clink-arg=-Wl,--no-eh-frame-hdr".to_owned(),
        "-Clink-arg=-T".to_owned(),
        format!("-Clink-arg={}", script.display()),
    ])
}

fn link(target: Target, command: &mut Command, further: Vec<String>) -> Result<()> {
    let mut flags = of_user();
    flags.push("-Ctarget-feature=+crt-static".to_owned());
    if glibc(target).is_some_and(|version| version >= PACKED_SINCE) {
        flags.push("-Clink-arg=-Wl,-z,pack-relative-relocs".to_owned());
    }
    for name in cc::beside_libelf(target).unwrap_or_default() {
        flags.push(format!("-Clink-arg=-l{name}"));
    }
    flags.extend(further);
    // with a --target, what runs while building is not linked statically
    command
        .args(["--target", &target.triple()?])
        // a path in it may have spaces
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    // what runs while building links it too
    for built_for in [Target::Here, target] {
        let variable = format!("LIBBPF_SYS_LIBRARY_PATH_{}", built_for.triple()?);
        command.env(variable, cc::libelf_folder(built_for)?);
    }
    target.prepare(command);
    Ok(())
}

fn of_user() -> Vec<String> {
    let flags = env::var("RUSTFLAGS").unwrap_or_default();
    flags.split_whitespace().map(str::to_owned).collect()
}

/// The C library whose static half is linked; `None` if it is not glibc.
fn glibc(target: Target) -> Option<(u32, u32)> {
    let mut macros = target.compiler();
    macros.args(["-dM", "-E", "-include", "features.h", "-xc", "/dev/null"]);
    let macros = String::from_utf8(stdout(&mut macros).ok()?).ok()?;
    let value = |name: &str| {
        let mut values = macros.lines().filter_map(|line| line.strip_prefix(name));
        values.find_map(|value| value.trim().parse().ok())
    };
    Some((
        value("#define __GLIBC__ ")?,
        value("#define __GLIBC_MINOR__ ")?,
    ))
}

/// True if a release built by this manifest aborts when it panics.
fn aborts(manifest: &Path) -> Result<bool> {
    let failed = || format!("failed to read {}", manifest.display());
    let text = fs::read_to_string(manifest).with_context(failed)?;
    let manifest: DocumentMut = text.parse().with_context(failed)?;
    let panic = manifest
        .get("profile")
        .and_then(|profile| profile.get("release")?.get("panic")?.as_str());
    Ok(panic == Some("abort"))
}

/// True if the linker takes a flag.
fn is_taken(target: Target, flag: &str) -> bool {
    link_nothing(target, flag).unwrap_or(false)
}

fn link_nothing(target: Target, flag: &str) -> Result<bool> {
    let folder = tempfile::tempdir()?;
    let mut rustc = Command::new(target.rustc());
    if let Target::Other(arch) = target {
        let linker = target.compiler().get_program().to_owned();
        rustc.args(["--target", arch.triple()]);
        rustc.arg(format!("-Clinker={}", linker.display()));
    }
    let mut rustc = rustc
        .args(of_user())
        .args(["--crate-name=nothing", &format!("-Clink-arg={flag}"), "-"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let source = rustc.stdin.take().context("stdin is a pipe")?;
    // an rustc that refuses its arguments reads none of it
    let _ = (&source).write_all(b"fn main() {}\n");
    drop(source);
    Ok(rustc.wait()?.success())
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use object::Object as _;

    use super::*;

    #[test]
    fn linker_is_asked() {
        assert!(is_taken(Target::Here, "-Wl,--gc-sections"));
        assert!(!is_taken(Target::Here, "-Wl,--no-such-flag"));
    }

    /// A program without frames and with the unwinder of core is told by a panic what any is.
    #[test]
    #[cfg(target_env = "gnu")]
    fn panic_is_reported_without_frames() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let [source, program] = ["main.rs", "main"].map(|file| folder.path().join(file));
        let unwinder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src/run/unwind.rs");
        let text = format!(
            "#[path = {unwinder:?}]\nmod unwind;\nfn main() {{\n    panic!(\"ouch\");\n}}\n"
        );
        fs::write(&source, text)?;
        let mut rustc = Command::new("rustc");
        rustc
            .args(["-Cpanic=abort", "-Ctarget-feature=+crt-static"])
            .args(without_frames(folder.path())?)
            .args([&source, Path::new("-o"), &program]);
        assert!(rustc.status()?.success());

        let file = fs::read(&program)?;
        let file = object::File::parse(&*file)?;
        assert!(file.section_by_name(".text").is_some());
        assert!(file.section_by_name(".eh_frame").is_none());
        for backtrace in ["0", "1", "full"] {
            let ended = Command::new(&program)
                .env("RUST_BACKTRACE", backtrace)
                .output()?;
            let stderr = String::from_utf8_lossy(&ended.stderr);
            assert!(stderr.contains("main.rs:4:5:\nouch\n"), "{stderr}");
            // written after the backtrace, which is empty
            let is_over = stderr.contains("\nstack backtrace:\nnote: Some details are omitted");
            assert_eq!(is_over, backtrace == "1", "{stderr}");
            assert_eq!(ended.status.signal(), Some(6), "{backtrace}");
        }
        Ok(())
    }

    #[test]
    fn frames_stay_where_a_panic_unwinds() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let manifest = folder.path().join("Cargo.toml");
        for (text, expected) in [
            ("[profile.release]\npanic = \"abort\"\n", true),
            ("[profile.release]\npanic = \"unwind\"\n", false),
            ("[profile.release]\nlto = \"fat\"\n", false),
            ("[workspace]\n", false),
        ] {
            fs::write(&manifest, text)?;
            assert_eq!(aborts(&manifest)?, expected, "{text}");
        }
        Ok(())
    }
}

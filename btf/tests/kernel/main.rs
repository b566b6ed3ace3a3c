//! libbpf reads the same in minimal BTF as in all of the kernel's: the relocated instructions are
//! equal.

mod bundle;

use std::os::fd::{AsFd as _, AsRawFd as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{fs, io};

use anyhow::{Context, Result, ensure};
use bpfapps_btf::{Btf, Object, RelocationKind, minimal};
use bpfapps_testkit::{Test, skip, test};
use libbpf_rs::ObjectBuilder;
use tempfile::TempDir;

/// The number of that kind of relocation: the first byte of its field.
const TYPE_MATCHES: u8 = 12;

const TESTS: &[Test] = &[
    test!(each_kind_of_relocation_reads_the_same),
    test!(what_no_object_reads_is_left_out),
    test!(minimal_btf_is_minimal_already),
    test!(damaged_types_do_no_harm),
];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS, bundle::TESTS], &[])
}

/// An object, and the types of the kernel for it.
struct Compiled {
    folder: TempDir,
    kernel: Vec<u8>,
    object: Vec<u8>,
}

impl Compiled {
    /// `None` without a clang for BPF.
    fn new() -> Result<Option<Self>> {
        let folder = TempDir::new()?;
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kernel/objects");
        let compile = |source: &str| -> Result<Option<Vec<u8>>> {
            let object = folder.path().join(source).with_extension("o");
            let mut clang = Command::new("clang");
            clang.args([
                "-g", "-O2", "-Wall", "-Werror", "-target", "bpf", "-c", "-o",
            ]);
            clang.arg(&object).arg(sources.join(source));
            match clang.status() {
                Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
                status => ensure!(status?.success(), "clang refuses {source}"),
            }
            Ok(Some(fs::read(object)?))
        };
        let Some((kernel, object)) = compile("kernel.c")?.zip(compile("reader.bpf.c")?) else {
            return Ok(None);
        };
        Ok(Some(Self {
            object: asking_for_matches(object)?,
            folder,
            kernel,
        }))
    }

    fn minimal(&self) -> Result<Vec<u8>> {
        let objects = [Object::parse(&self.object)?];
        Ok(minimal(&Btf::parse(&self.kernel)?, &objects))
    }

    fn file(&self, name: &str, content: &[u8]) -> Result<PathBuf> {
        let file = self.folder.path().join(name);
        fs::write(&file, content)?;
        Ok(file)
    }

    /// The hash of the instructions that the kernel gets, with types from a file.
    fn tag(&self, types: &Path) -> Result<String> {
        let mut builder = ObjectBuilder::default();
        builder.btf_custom_path(types)?;
        let loaded = builder.open_memory(&self.object)?.load()?;
        let program = loaded.progs().next().context("no program")?;
        let fd = program.as_fd().as_raw_fd();
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{fd}"))?;
        let tag = info.lines().find_map(|line| line.strip_prefix("prog_tag:"));
        Ok(tag.context("no tag")?.trim().to_owned())
    }
}

fn each_kind_of_relocation_reads_the_same() -> Result<()> {
    let Some(compiled) = Compiled::new()? else {
        return skip("clang is not installed");
    };
    let all = compiled.file("all.btf", &compiled.kernel)?;
    let part = compiled.file("part.btf", &compiled.minimal()?)?;
    ensure!(compiled.tag(&all)? == compiled.tag(&part)?);
    Ok(())
}

/// Turns the question whether a type exists, for the types that are called `matching`, into the one
/// whether it matches, which clang has since version 15.
fn asking_for_matches(mut bytes: Vec<u8>) -> Result<Vec<u8>> {
    let copy = bytes.clone();
    let object = Object::parse(&copy)?;
    let asks = object
        .relocations()
        .filter(|(name, it)| name.starts_with("matching") && it.kind == RelocationKind::TypeExists);
    let mut count = 0;
    for (_, it) in asks {
        let record: Vec<u8> = [it.at, it.ty]
            .iter()
            .flat_map(|it| it.to_ne_bytes())
            .collect();
        let at = bytes
            .windows(8)
            .position(|it| it == record)
            .context("no record")?;
        bytes[at + 12] = TYPE_MATCHES;
        count += 1;
    }
    ensure!(count == 4, "{count} questions");
    Ok(bytes)
}

fn what_no_object_reads_is_left_out() -> Result<()> {
    let Some(compiled) = Compiled::new()? else {
        return skip("clang is not installed");
    };
    let part = compiled.minimal()?;
    let has = |name: &str| part.windows(name.len()).any(|it| it == name.as_bytes());
    for name in ["outer", "twice___again", "hidden", "GREEN", "moved", "last"] {
        ensure!(has(name), "no {name}");
    }
    for name in [
        "many", "first", "beside", "GRAY", "DIM", "SPARE", "unread\0",
    ] {
        ensure!(!has(name), "{name}");
    }
    let none = minimal(&Btf::parse(&compiled.kernel)?, &[]);
    ensure!(none.len() == 25, "{} bytes for no object", none.len());
    Ok(())
}

fn minimal_btf_is_minimal_already() -> Result<()> {
    let Some(compiled) = Compiled::new()? else {
        return skip("clang is not installed");
    };
    let part = compiled.minimal()?;
    let again = minimal(&Btf::parse(&part)?, &[Object::parse(&compiled.object)?]);
    ensure!(again == part);
    Ok(())
}

/// Whatever comes out, it comes: no panic, no loop.
fn damaged_types_do_no_harm() -> Result<()> {
    let Some(mut compiled) = Compiled::new()? else {
        return skip("clang is not installed");
    };
    // two at the same places: the one is read with the other
    let length = compiled.kernel.len().max(compiled.object.len());
    for at in (0..length).step_by(4) {
        for damage in [0xff, 0x01, 0x30] {
            for bytes in [&mut compiled.kernel, &mut compiled.object] {
                bytes.get_mut(at).into_iter().for_each(|it| *it ^= damage);
            }
            let _ = compiled.minimal();
            for bytes in [&mut compiled.kernel, &mut compiled.object] {
                bytes.get_mut(at).into_iter().for_each(|it| *it ^= damage);
            }
        }
    }
    Ok(())
}

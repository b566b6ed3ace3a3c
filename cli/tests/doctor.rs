//! `bpfapps doctor --object` with files that are no BPF objects, or not for this machine.

use std::env;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// doctor's report on a file with these bytes: it must fail.
fn reported(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("it.bpf.o");
    fs::write(&file, bytes).expect("a file");
    refused(&file)
}

/// `bpfapps`, called as where it is installed.
fn called() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bpfapps"));
    command.arg0("bpfapps");
    command
}

fn refused(file: &Path) -> String {
    let output = called()
        .args(["doctor", "--object"])
        .arg(file)
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let name = file.display().to_string();
    text.replace(&name, "FILE")
}

fn compiled(target: &str, source: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, object) = (folder.path().join("a.c"), folder.path().join("a.o"));
    fs::write(&file, source).expect("a file");
    let clang = env::var_os("CLANG").unwrap_or_else(|| "clang".into());
    let status = Command::new(clang)
        .args(["-g", "-O2", "-target", target, "-c", "-o"])
        .args([&object, &file])
        .status()
        .expect("clang runs");
    assert!(status.success(), "clang fails");
    fs::read(object).expect("an object")
}

#[test]
fn what_is_no_bpf_object_is_said_in_a_sentence() {
    let hint = "hint: compile a BPF object file from C: clang -g -O2 -target bpf -c NAME.bpf.c -o \
                NAME.bpf.o\nmore: bpfapps explain BPF0063\n";
    for (bytes, what) in [
        (&b""[..], "the file is empty"),
        (b"#!/bin/sh\n", "it is not an ELF file"),
    ] {
        let expected = format!("error[BPF0063]: FILE can't be loaded: {what}\n{hint}");
        assert_eq!(reported(bytes), expected);
    }
    let program = refused(Path::new("/bin/sh"));
    let machine = format!(
        "it is compiled for {}, not for BPF\n{hint}",
        env::consts::ARCH
    );
    assert!(program.ends_with(&machine), "{program}");
    let nothing = compiled("bpf", "int x;");
    let expected =
        format!("error[BPF0063]: FILE can't be loaded: it contains no BPF program\n{hint}");
    assert_eq!(reported(&nothing), expected);
    let whole = compiled(
        "bpf",
        "__attribute__((section(\"xdp\"))) int f(void *c) { return 2; }",
    );
    let half = reported(&whole[..whole.len() / 2]);
    assert!(half.contains("it is a damaged ELF file"), "{half}");
}

#[test]
fn object_of_another_endianness_is_named() {
    let source = "__attribute__((section(\"xdp\"))) int f(void *c) { return 2; }";
    let (target, its, ours) = match cfg!(target_endian = "little") {
        true => ("bpfeb", "big", "little"),
        false => ("bpfel", "little", "big"),
    };
    let expected =
        format!("it is for {its}-endian machines, but this one is {ours}-endian\nhint: compile it");
    let said = reported(&compiled(target, source));
    assert!(said.contains(&expected), "{said}");
}

#[test]
fn what_is_not_there_or_no_app_is_named() {
    let said = refused(Path::new("/nonexistent.bpf.o"));
    assert!(
        said.starts_with("error: failed to read FILE: No such file"),
        "{said}"
    );
    let output = called()
        .args(["doctor", "minimial"])
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        said,
        "error: there is no app `minimial`: did you mean minimal?\n"
    );
}

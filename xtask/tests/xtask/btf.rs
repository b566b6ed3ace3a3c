//! `cargo xtask btf`: kernels out of files and folders, and what is made of them.

use std::fs;
use std::path::Path;
use std::process::Command;

use bpfapps_btf::{Bundle, Kernel};

use crate::machine::Machine;

/// Reads one field of a kernel's type, of which there are more.
const READER: &str = r#"
struct task_struct { int pid; } __attribute__((preserve_access_index));
__attribute__((section("raw_tp/sched_switch"), used))
int read_pid(struct task_struct *task) { return task->pid; }
char LICENSE[] __attribute__((section("license"), used)) = "GPL";
"#;

/// A kernel with some more fields, in front of that one.
const KERNEL: &str = "struct task_struct { char name[BEFORE]; int pid; long other; } task;";

/// A machine with an object, and types of kernels.
fn machine(name: &str) -> Machine {
    let machine = Machine::new(name);
    compile(READER, &[], &machine.path("reader.bpf.o"));
    machine
}

fn compile(source: &str, more: &[&str], to: &Path) {
    fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
    let file = to.with_extension("c");
    fs::write(&file, source).expect("a source");
    let mut clang = Command::new("clang");
    clang.args(["-g", "-O2", "-target", "bpf", "-c", "-o"]);
    let status = clang.arg(to).arg(&file).args(more).status();
    assert!(status.is_ok_and(|status| status.success()));
    fs::remove_file(file).expect("a source");
}

fn kernel(version: &str, release: &str) -> Kernel {
    Kernel {
        distribution: "debian".to_owned(),
        version: version.to_owned(),
        machine: "x86_64".to_owned(),
        release: release.to_owned(),
        build: String::new(),
    }
}

#[test]
fn folder_becomes_a_bundle() {
    let machine = machine("btf-folder");
    let files = [
        ("debian/10/x86_64/4.19.0-17-amd64.btf", "-DBEFORE=16"),
        ("debian/10/x86_64/4.19.0-18-amd64.btf", "-DBEFORE=16"),
        ("debian/11/x86_64/5.10.0-46-amd64.btf", "-DBEFORE=32"),
    ];
    for (file, before) in files {
        compile(KERNEL, &[before], &machine.path("kernels").join(file));
    }
    fs::write(machine.path("kernels/README"), "no kernel").expect("a file");
    let args = ["btf", "bundle", "--folder", "kernels"];
    let args = [&args[..], &["--output", "some.bundle", "reader.bpf.o"]].concat();
    let seen = machine.xtask(&args);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    let expected = "bytes  some.bundle: 3 kernels, of which 2 differ\n";
    assert!(seen.stdout.ends_with(expected), "{seen:?}");

    let bytes = fs::read(machine.path("some.bundle")).expect("a bundle");
    let bundle = Bundle::parse(&bytes).expect("a bundle");
    let find = |version, release| bundle.find(&kernel(version, release));
    let (old, new) = (find("10", "4.19.0-17-amd64"), find("11", "5.10.0-46-amd64"));
    assert!(old.is_some() && new.is_some() && old != new);
    assert_eq!(old, find("10", "4.19.0-18-amd64"));
    assert_eq!(find("11", "4.19.0-17-amd64"), None);
    let has = |name: &[u8]| old.is_some_and(|old| old.windows(name.len()).any(|it| it == name));
    assert!(has(b"pid\0") && !has(b"other\0"));

    // the same folder gives the same bundle, and so do the files that are made of it
    let args = [
        "btf",
        "min",
        "--folder",
        "kernels",
        "-o",
        "min",
        "reader.bpf.o",
    ];
    let seen = machine.xtask(&args);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    for (file, _) in files {
        assert!(
            seen.stdout.contains(&format!("bytes  min/{file}\n")),
            "{seen:?}"
        );
    }
    let args = [
        "btf",
        "bundle",
        "--folder",
        "min",
        "-o",
        "again.bundle",
        "reader.bpf.o",
    ];
    assert_eq!(machine.xtask(&args).code, Some(0));
    assert_eq!(
        fs::read(machine.path("again.bundle")).expect("a bundle"),
        bytes
    );
}

#[test]
fn what_is_no_kernel_is_named() {
    let machine = machine("btf-wrong");
    compile(KERNEL, &["-DBEFORE=8"], &machine.path("types.btf"));
    fs::write(machine.path("text"), "no kernel").expect("a file");
    for (args, error) in [
        (
            &["bundle", "--btf", "text"][..],
            "error: failed to take the types of text: it is no kernel, or one without BTF",
        ),
        (
            &["bundle", "--btf", "none"],
            "error: failed to take the types of none: failed to read it: No such file",
        ),
        (
            &["bundle", "--folder", "log.d"],
            "error: failed to read log.d: No such file",
        ),
        (
            &["bundle", "--btf", "types.btf"],
            "types.btf is BTF of an unknown kernel",
        ),
    ] {
        let args = [&["btf"], args, &["reader.bpf.o"]].concat();
        let seen = machine.xtask(&args);
        assert_eq!(seen.code, Some(1), "{seen:?}");
        assert!(seen.stderr.contains(error), "{error}: {seen:?}");
    }
    let seen = machine.xtask(&["btf", "bundle"]);
    assert_eq!(seen.code, Some(2), "{seen:?}");
    let seen = machine.xtask(&[
        "btf",
        "min",
        "--btf",
        "types.btf",
        "-o",
        ".",
        "reader.bpf.o",
    ]);
    assert_eq!(seen.code, Some(0), "{seen:?}");

    let seen = machine.xtask(&["dist", "--btf-bundle", "text"]);
    assert_eq!(seen.code, Some(1), "{seen:?}");
    let error = "error: text is not a bundle of BTF: it is not a gzip file, or damaged";
    assert!(seen.stderr.contains(error), "{seen:?}");
}

#[test]
fn kernel_without_btf_is_built_once() {
    let machine = Machine::new("btf-kernel");
    let folder = machine.path("target/kernel/6.12");
    fs::create_dir_all(&folder).expect("a folder");
    // what an earlier run left
    let config = include_str!("../../src/btf/kernel.config");
    fs::write(folder.join("config"), config).expect("a file");
    let seen = machine.xtask(&["btf", "kernel"]);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    let there = folder.display();
    let expected = format!("{there}/bzImage  without BTF\n{there}/vmlinux  with BTF\n");
    assert_eq!(seen.stdout, expected);
    let bundle = format!("next: cargo xtask btf bundle --btf {there}/vmlinux\n");
    assert!(seen.stderr.starts_with(&bundle), "{seen:?}");

    // that of another configuration is built again
    fs::write(folder.join("config"), "CONFIG_NET=y\n").expect("a file");
    let seen = machine.xtask(&["btf", "kernel"]);
    assert_eq!(seen.code, Some(1), "{seen:?}");
    let errors: &[_] = match cfg!(target_arch = "x86_64") {
        true => &[
            "missing: flex, bison and bc, to build a kernel: ",
            "missing: pahole, to make BTF of a kernel's symbols: ",
        ],
        false => &["error: the configuration of this kernel is for x86-64"],
    };
    for error in errors {
        assert!(seen.stderr.contains(error), "{seen:?}");
    }
}

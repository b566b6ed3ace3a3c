//! `cargo xtask vmlinux`, and the place where it writes.

use std::fs;

use crate::machine::Machine;

#[test]
fn vmlinux_refuses_before_it_builds() {
    let machine = Machine::new("vmlinux");
    let seen = machine.xtask(&["vmlinux", "--btf", "none", "--release", "6.1"]);
    assert_eq!(seen.code, Some(1));
    assert_eq!(
        seen.stderr,
        "error: failed to read none: No such file or directory (os error 2)\n"
    );
    let seen = machine.xtask(&["vmlinux", "--btf", "log"]);
    assert_eq!(seen.code, Some(2));
    assert!(
        seen.stderr
            .contains("--btf FILE of another kernel needs its --release NAME")
    );
}

/// BTF of two types: `int`, and a typedef of it.
fn btf() -> Vec<u8> {
    let names = b"\0int\0own_type\0";
    // BTF_KIND_INT of 32 bits with a sign, BTF_KIND_TYPEDEF of type 1
    let types = [1, 1 << 24, 4, (1 << 24) | 32, 5, 8 << 24, 1];
    let length = |bytes: usize| u32::try_from(bytes).expect("a length");
    let types_length = length(types.len() * 4);
    let header = [
        0x0001_eb9f,
        24,
        0,
        types_length,
        types_length,
        length(names.len()),
    ];
    let words = header.into_iter().chain(types);
    words.flat_map(u32::to_ne_bytes).chain(*names).collect()
}

#[test]
fn vmlinux_goes_where_the_build_of_that_repository_looks() {
    let machine = Machine::new("vmlinux-places");
    machine.cargo(r#"echo "cargo $*" >> "$DIR/log""#);
    fs::write(machine.path("btf"), btf()).expect("BTF");
    let args = [
        "vmlinux",
        "--btf",
        "btf",
        "--release",
        "6.1-own",
        "--arch",
        "x86",
    ];
    // the first one is news to what was built
    for log in [
        "cargo clean --quiet --package bpfapps-minimal --package bpfapps-bootstrap\n",
        "cargo clean --quiet --package bpfapps-minimal --package bpfapps-bootstrap\n",
    ] {
        let seen = machine.xtask(&args);
        assert_eq!(seen.code, Some(0), "{seen:?}");
        assert!(
            seen.stdout.starts_with("vmlinux/x86/vmlinux.h: 6.1-own, "),
            "{seen:?}"
        );
        assert_eq!(machine.log(), log);
    }
    let header = fs::read_to_string(machine.path("vmlinux/x86/vmlinux.h")).expect("a header");
    assert!(
        header.starts_with("/* The types of Linux 6.1-own, "),
        "{header}"
    );
    assert!(header.contains("typedef int own_type;\n"), "{header}");

    machine.member("bpf-build", "bpfapps-build");
    let seen = machine.xtask(&args);
    assert!(
        seen.stdout
            .starts_with("bpf-build/include/vmlinux/x86/vmlinux.h: "),
        "{seen:?}"
    );
}

#[test]
fn vmlinux_leaves_the_old_header_where_it_fails() {
    let machine = Machine::new("vmlinux-fails");
    fs::create_dir_all(machine.path("vmlinux/arm64")).expect("a folder");
    fs::write(machine.path("vmlinux/arm64/vmlinux.h"), "old").expect("a header");
    fs::write(machine.path("btf"), &btf()[..40]).expect("half of BTF");
    let args = [
        "vmlinux",
        "--btf",
        "btf",
        "--release",
        "6.1",
        "--arch",
        "arm64",
    ];
    let seen = machine.xtask(&args);
    assert_eq!(seen.code, Some(1), "{seen:?}");
    assert!(
        seen.stderr.ends_with(
            "error: failed to dump the BTF in btf: it is neither a BTF file nor an ELF file with \
             BTF\n"
        ),
        "{seen:?}"
    );
    let left = fs::read_to_string(machine.path("vmlinux/arm64/vmlinux.h"));
    assert_eq!(left.expect("a header"), "old");
}

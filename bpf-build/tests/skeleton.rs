//! What the author of an app sees: a package of its own, built by the real cargo and clang.

mod probe;

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use probe::{Probe, refused, run};

/// Builds, and returns whether the build script ran.
fn rebuilt(probe: &Probe) -> bool {
    let (success, text) = run(&mut probe.cargo_build());
    assert!(success, "{text}");
    text.contains("build-script-build`")
}

fn edit(path: &Path) {
    let mut text = fs::read_to_string(path).expect("a file");
    text.push_str("/* edited */\n");
    fs::write(path, text).expect("a file");
}

#[test]
fn rebuilds_after_an_edit_of_source_or_header_and_only_then() {
    let probe = Probe::new("edited", "struct seen { __u32 pid; };\n");
    assert!(rebuilt(&probe), "the first build");
    assert!(!rebuilt(&probe), "nothing was edited");
    edit(&probe.path("src/bpf/probe.h"));
    assert!(rebuilt(&probe), "the header was edited");
    assert!(!rebuilt(&probe), "nothing was edited since");
    edit(&probe.path("src/bpf/probe.bpf.c"));
    assert!(rebuilt(&probe), "the source was edited");
}

#[test]
fn vmlinux_of_the_workspace_goes_before_ours() {
    let probe = Probe::new("owned", "struct seen { of_the_workspace pid; };\n");
    let said = refused(&mut probe.cargo_build());
    assert!(said.contains("unknown type name"), "{said}");
    let own = "typedef unsigned int __u32;\ntypedef __u32 of_the_workspace;\n";
    for arch in ["x86", "arm64"] {
        // what else libbpf's headers ask for, it brings along
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/vmlinux");
        let ours = ours.join(arch).join("vmlinux.h").display().to_string();
        let text = format!("#include \"{ours}\"\n{own}");
        probe.write(&format!("vmlinux/{arch}/vmlinux.h"), &text);
    }
    assert!(rebuilt(&probe), "a build that failed is run again");
    assert!(!rebuilt(&probe), "nothing was edited");
    edit(&probe.path("vmlinux/x86/vmlinux.h"));
    edit(&probe.path("vmlinux/arm64/vmlinux.h"));
    assert!(rebuilt(&probe), "vmlinux.h was edited");
}

#[test]
fn object_has_btf_and_neither_dwarf_nor_paths_of_this_machine() {
    let probe = Probe::new("stripped", "");
    assert!(rebuilt(&probe), "the first build");
    let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join("probe/debug/build");
    let object = fs::read_dir(built)
        .expect("build scripts ran")
        .map(|entry| entry.expect("a folder").path().join("out/probe.bpf.o"))
        .filter(|path| path.is_file())
        .max_by_key(|path| {
            path.metadata()
                .and_then(|file| file.modified())
                .expect("a time")
        });
    let object = fs::read(object.expect("an object")).expect("an object");
    let contains = |text: &str| {
        object
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(contains(".BTF.ext"), "no BTF");
    assert!(contains("src/bpf/probe.bpf.c"), "no line info");
    assert!(!contains(".debug_info"), "DWARF");
    assert!(
        !contains(&probe.folder.path().to_string_lossy()),
        "a path of this machine"
    );
}

#[test]
fn clang_says_itself_what_is_wrong_and_where() {
    let probe = Probe::new("wrong", "struct seen { __u99 pid; };\n");
    let said = refused(&mut probe.cargo_build());
    assert!(
        said.contains("src/bpf/probe.h:1:15: error: unknown type name '__u99'"),
        "{said}"
    );
    assert!(said.contains("struct seen { __u99 pid; };"), "{said}");
}

#[test]
fn clang_warnings_are_shown_where_the_build_goes_on() {
    let probe = Probe::new("warned", "static int unused(void) { int x; return 0; }\n");
    let (success, said) = run(&mut probe.cargo_build());
    assert!(success, "{said}");
    assert!(
        said.contains("src/bpf/probe.h:1:31: warning: unused variable 'x'"),
        "{said}"
    );
}

#[test]
fn record_that_rust_can_not_read_is_refused() {
    let cases = [
        (
            "bool b;",
            "seen.b at offset 0 is a bool: use __u8 or an enum",
        ),
        (
            "const char c; char text[3];",
            "seen.c at offset 0 is a char: use __u8 or __s8, or char[N] for a text",
        ),
        ("__u64 a; void *p;", "seen.p at offset 8 is a pointer"),
        (
            "__u8 a; __u32 b;",
            "3 bytes of unnamed padding at offset 1, before seen.b",
        ),
        (
            "__u32 a; __u8 b;",
            "3 bytes of unnamed padding at offset 5, before the end of struct seen",
        ),
        ("__u32 a : 3;", "seen.a is a bit field"),
        (
            "union { int a; int b; } u;",
            "seen.u at offset 0 is a union",
        ),
        (
            "struct { bool b; } inner[2];",
            "seen.inner.b at offset 0 is a bool",
        ),
    ];
    for (members, expected) in cases {
        let header = "#include <bpfapps/record.h>\nstruct seen { ".to_owned()
            + members
            + " };\nBPFAPPS_RECORD(seen);\n";
        let said = refused(&mut Probe::new("record", &header).cargo_build());
        let error = format!(
            "error: record@0.1.0: probe.bpf.c shares a record that Rust can not read: {expected}"
        );
        assert!(said.contains(&error), "{members}: {said}");
    }
}

#[test]
fn missing_or_old_clang_is_one_sentence() {
    let probe = Probe::new("clang", "");
    let said = refused(probe.cargo_build().env("CLANG", "/nonexistent/clang"));
    assert!(said.contains("error: clang@0.1.0: `/nonexistent/clang` can not be run: install clang 14 or newer with `cargo xtask setup`, or name one in CLANG"), "{said}");

    let old = probe.path("clang");
    fs::write(&old, "#!/bin/sh\necho Debian clang version 9.0.1-16\n").expect("a script");
    fs::set_permissions(&old, Permissions::from_mode(0o755)).expect("an executable script");
    let said = refused(probe.cargo_build().env("CLANG", &old));
    assert!(
        said.contains("is clang 9, too old for btf_decl_tag: install clang 14"),
        "{said}"
    );

    fs::write(&old, "#!/bin/sh\necho gcc 12.2.0\n").expect("a script");
    let said = refused(probe.cargo_build().env("CLANG", &old));
    assert!(said.contains("does not say that it is clang"), "{said}");
}

#[test]
fn app_without_bpf_code_is_told_where_it_belongs() {
    let probe = Probe::new("empty", "");
    fs::remove_file(probe.path("src/bpf/probe.bpf.c")).expect("the file is there");
    let said = refused(&mut probe.cargo_build());
    assert!(said.contains("src/bpf/probe.bpf.c is not there"), "{said}");
}

#[test]
fn what_is_no_btf_has_no_header() {
    let failed = bpfapps_build::vmlinux::header(Path::new("/etc/passwd"), "x");
    let said = failed.map_err(|error| format!("{error:#}"));
    let error =
        "failed to dump the BTF in /etc/passwd: it is neither a BTF file nor an ELF file with BTF";
    assert_eq!(said, Err(error.to_owned()));
}

//! Records as their headers declare them: an app's crate, built and tested by the real cargo and
//! clang.

mod probe;

use std::fs;

use probe::{Probe, refused, run};

#[test]
fn each_type_and_macro_is_shown() {
    let probe = Probe::new("shown", include_str!("rows/probe.h"));
    let manifest = fs::read_to_string(probe.path("Cargo.toml")).expect("a manifest");
    let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../core");
    let dependencies =
        format!("[dependencies]\nbpfapps-core = {{ path = {core:?} }}\nlibbpf-rs = \"0.27\"\n");
    probe.write("Cargo.toml", &(manifest + &dependencies));
    probe.write("src/lib.rs", include_str!("rows/lib.rs"));
    let (success, said) = run(&mut probe.cargo("test"));
    assert!(success, "{said}");
}

#[test]
fn what_is_wrong_with_a_header_is_a_build_error() {
    let cases = [
        (
            "__u32 a; __u32 b BPFAPPS_ONLY(WHAT_CALL);",
            "seen.b: BPFAPPS_ONLY(WHAT_CALL) names no kind: write BPFAPPS_KIND(WHAT_CALL, \"…\") behind \
             the member of enum type that has it",
        ),
        (
            "enum what what BPFAPPS_KIND(WHAT_NOT, \"It is not.\");",
            "seen.what: enum what has no WHAT_NOT: it has WHAT_CALL, WHAT_END",
        ),
        (
            "__u32 what BPFAPPS_KIND(WHAT_CALL, \"A call.\");",
            "seen.what: BPFAPPS_KIND is for an enum",
        ),
        (
            "__u32 access BPFAPPS_FLAGS;",
            "seen.access: BPFAPPS_FLAGS is for an enum",
        ),
        (
            "__u32 args BPFAPPS_COUNTED_BY(count); __u32 count;",
            "seen.args: BPFAPPS_COUNTED_BY is for an array",
        ),
        (
            "__u64 args[2] BPFAPPS_COUNTED_BY(counts);",
            "seen.args: there is no member counts that counts it",
        ),
        (
            "bpfapps_boot_ns a; bpfapps_boot_ns b BPFAPPS_ABOUT(\"When.\");",
            "seen.b: a record happens once: this one has two members of type bpfapps_boot_ns",
        ),
        (
            "bpfapps_ns wait; __u64 wait_ns BPFAPPS_ABOUT(\"How long.\");",
            "seen.wait_ns would be a second field `wait_ns`: rename it",
        ),
        (
            "__u32 type BPFAPPS_ABOUT(\"Which.\");",
            "seen.type would be a second field `type`: rename it",
        ),
        (
            "__u32 a BPFAPPS_COLUMN(\"A\", wide);",
            "seen.a: the width of column A is not a number: wide",
        ),
        (
            "__u32 a BPFAPPS_TAG(\"colour:red\");",
            "seen.a: there is no tag bpfapps:colour: use those of bpfapps/record.h",
        ),
        (
            "bpfapps_hex pid; bpfapps_user_stack user_stack BPFAPPS_ABOUT(\"Where.\");",
            "seen.user_stack: its process is missing: add a member of type bpfapps_pid",
        ),
    ];
    for (members, expected) in cases {
        let header = format!(
            "#include <bpfapps/record.h>\nenum what {{ WHAT_CALL, WHAT_END }};\n\
             struct seen {{ {members} }};\nBPFAPPS_RECORD(seen);\n"
        );
        let said = refused(&mut Probe::new("shown_wrong", &header).cargo_build());
        let error = format!("probe.bpf.c declares a record that can not be shown: {expected}");
        assert!(said.contains(&error), "{members}: {said}");
    }
}

#[test]
fn record_of_structs_is_not_shown_and_no_error() {
    let header = "#include <bpfapps/record.h>\nstruct one { __u32 a; };\n\
                  struct seen { struct one ones[2]; };\nBPFAPPS_RECORD(seen);\n";
    let (success, said) = run(&mut Probe::new("not_shown", header).cargo_build());
    assert!(success, "{said}");
}

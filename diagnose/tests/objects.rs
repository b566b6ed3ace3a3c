//! Contents of object files, and errors for files that are not objects.

use bpfapps_diagnose::object::Lines;
use bpfapps_diagnose::{Object, Target};
use bpfapps_explain::verifier::LineInfo as _;
use bpfapps_refused::{ALL, Case};
use libbpf_rs::{MapType, ProgramType};

const PROGRAM: &str = "handle_enter";

/// A valid object, refused only by the verifier.
fn case() -> &'static Case {
    let case = ALL.iter().find(|case| case.name == "bpf0001");
    case.expect("bpf0001")
}

#[test]
fn object_says_what_it_needs() {
    let object = Object::new("bpf0001", case().object);
    let mut builder = object.builder().expect("a name");
    let open = builder.open_memory(&object.bytes).expect("an object");
    let demands = object.demands(&open).expect("a valid object");
    let [program] = &demands.programs[..] else {
        panic!("one program: {demands:?}")
    };
    assert_eq!(program.name, PROGRAM);
    assert_eq!(program.kind, ProgramType::RawTracepoint);
    let target = program.target();
    assert!(matches!(target, Some(Target::RawTracepoint("sys_enter"))));
    let helpers: Vec<_> = program.helpers.iter().map(|helper| helper.name()).collect();
    assert_eq!(helpers, ["bpf_map_lookup_elem", "bpf_get_current_pid_tgid"]);
    let counts = ("counts".to_owned(), MapType::Hash);
    assert!(demands.maps.contains(&counts), "{demands:?}");
    assert!(!demands.needs_btf());
}

#[test]
fn each_instruction_has_the_line_that_the_source_has() {
    let case = case();
    let lines = Lines::read(case.object).expect("line information");
    let mut seen = 0;
    while let Some(place) = lines.place(PROGRAM, seen) {
        let text = case.source.lines().nth(place.line - 1);
        if place.file.ends_with("bpf0001.bpf.c") {
            assert_eq!(Some(place.text.as_str()), text);
        }
        seen += 1;
    }
    assert!(seen > 5, "{seen} instructions");
    assert_eq!(lines.place("no_such_program", 0), None);
    let used = lines.first_use("counts").expect("the map is used");
    assert!(used.text.contains("bpf_map_lookup_elem"), "{used:?}");
}

/// Callers can pass any file.
#[test]
fn broken_object_has_no_lines_and_does_no_harm() {
    let whole = case().object;
    let ask = |bytes: &[u8]| {
        let Some(lines) = Lines::read(bytes) else {
            return;
        };
        for index in [0, 1, 4, usize::MAX] {
            lines.place(PROGRAM, index);
            lines.place_of_use(PROGRAM, index);
            lines.place_of_loop(PROGRAM, 0, index);
        }
        lines.first_call(PROGRAM);
        lines.first_use("counts");
    };
    for end in (0..whole.len()).step_by(53) {
        ask(&whole[..end]);
    }
    // the record size is stored as 16
    for at in (0..whole.len()).filter(|at| whole[*at..].starts_with(&[16, 0, 0, 0])) {
        let mut bytes = whole.to_vec();
        bytes[at] = 0;
        ask(&bytes);
    }
    for at in (0..whole.len()).step_by(17) {
        let mut bytes = whole.to_vec();
        bytes[at] ^= 0xff;
        ask(&bytes);
    }
}

#[test]
fn what_is_no_bpf_object_is_named() {
    let good = case().object;
    let reported = |bytes: &[u8]| {
        let refused = Object::new("it", bytes).check();
        refused.err().map(|failure| failure.to_string())
    };
    assert_eq!(reported(good), None);
    assert_eq!(reported(b"").as_deref(), Some("the file is empty"));
    assert_eq!(
        reported(b"#!/bin/sh\n").as_deref(),
        Some("it is not an ELF file")
    );
    // offset of the processor in the ELF header
    let mut x86 = good.to_vec();
    x86[18] = 62;
    let expected = "it is compiled for x86_64, not for BPF";
    assert_eq!(reported(&x86).as_deref(), Some(expected));
    let cut = reported(&good[..40]).expect("refused");
    assert!(cut.starts_with("it is a damaged ELF file: "), "{cut}");
}

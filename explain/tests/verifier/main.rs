//! Logs of kernels and libbpf, and their diagnoses. The package `refused` tests that kernels write
//! such logs.

mod numbered;
mod origins;
mod words;

use bpfapps_explain::Code;
use bpfapps_explain::verifier::{NoLines, explain};

use numbered::{Numbered, diagnosis, messages};

#[test]
fn old_and_new_form_say_the_same() {
    let old = "\
; value = bpf_map_lookup_elem(&counts, &pid);
5: (18) r1 = 0xffff8ebe5da18800
7: (85) call bpf_map_lookup_elem#1
last_idx 7 first_idx 0
regs=2 stack=0 before 5: (18) r1 = 0xffff8ebe5da18800
; *value += 1;
8: (79) r1 = *(u64 *)(r0 +0)
 R0_w=map_value_or_null(id=1,off=0,ks=4,vs=8,imm=0) R10=fp0 fp-8=mmmm????
R0 invalid mem access 'map_value_or_null'
processed 8 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 1";
    let new = "\
0: R1=ctx() R10=fp0
; value = bpf_map_lookup_elem(&counts, &pid); @ a.bpf.c:20
5: (18) r1 = 0xffff888104ecd400       ; R1=map_ptr(map=counts,ks=4,vs=8)
7: (85) call bpf_map_lookup_elem#1    ; R0=map_value_or_null(id=1,map=counts,ks=4,vs=8)
; *value += 1; @ a.bpf.c:21
8: (79) r1 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
processed 8 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0";
    let drawn = "
 --> a.bpf.c:8:2
  |
7 |     line_7();
  |     -------- it comes from here and may be NULL
8 |     line_8();
  |     ^^^^^^^^ R0 invalid mem access 'map_value_or_null'
  |
  = instruction 8: r1 = *(u64 *)(r0 +0)
";
    for log in [old, new] {
        let diagnosis = diagnosis(log);
        assert_eq!(diagnosis.code, Code::NULL_CHECK);
        assert_eq!(
            diagnosis.message,
            "`handle` uses a pointer that may be NULL"
        );
        assert_eq!(diagnosis.draw(&Numbered, false), drawn[1..]);
        assert!(diagnosis.draw(&Numbered, true).contains("\x1b["));
    }
}

/// Without source lines, only the verifier's own messages are shown.
#[test]
fn object_without_debug_information_has_the_words() {
    let log = "3: (79) r1 = *(u64 *)(r0 +0)\nR0 invalid mem access 'map_value_or_null'";
    let diagnosis = explain(&messages(log), &NoLines).expect("a diagnosis");
    assert_eq!(
        diagnosis.draw(&NoLines, false),
        " = instruction 3: r1 = *(u64 *)(r0 +0)\n = R0 invalid mem access 'map_value_or_null'\n"
    );
}

#[test]
fn symbols_are_shown_where_they_are_used() {
    let reported = |message: &str| {
        let diagnosis = explain(&[message.to_owned()], &Numbered)?;
        assert!(
            diagnosis
                .draw(&Numbered, false)
                .contains(" --> a.bpf.c:98:2\n")
        );
        Some((diagnosis.code, diagnosis.message))
    };
    let too_large = |errno| reported(&format!("libbpf: map 'huge': failed to create: {errno}\n"));
    let huge = "`huge` is a map that is too large for the kernel to create".to_owned();
    for errno in ["-E2BIG", "-ENOMEM", "Cannot allocate memory(-12)"] {
        assert_eq!(too_large(errno), Some((Code::MAP_TOO_LARGE, huge.clone())));
    }
    assert_eq!(too_large("-EPERM"), None);
    assert_eq!(
        reported("libbpf: extern (func ksym) 'f': not found in kernel or module BTFs\n"),
        Some((
            Code::UNKNOWN_FUNCTION,
            "`f` is not in the running kernel".to_owned()
        ))
    );
    assert_eq!(
        reported("libbpf: failed to find BTF for extern 'f' [6] section: -2\n"),
        Some((
            Code::UNKNOWN_FUNCTION,
            "`f` is declared `extern`, but nothing defines it".to_owned()
        ))
    );
    assert_eq!(
        reported("libbpf: extern (func ksym) 'f': func_proto [9] incompatible\n"),
        None
    );
}

#[test]
fn logs_of_programs_that_load_are_passed_over() {
    let fine = "verification time 502 usec\nstack depth 32\nprocessed 98 insns (limit 1000000)";
    let bad = "1: (79) r1 = *(u64 *)(r0 +0)\nR0 invalid mem access 'map_value_or_null'";
    let messages = [messages(fine), messages(bad)].concat();
    let found = explain(&messages, &NoLines).expect("the second is explained");
    assert_eq!(found.code.to_string(), "BPF0001");
}

#[test]
fn function_of_a_struct_ops_needs_its_section() {
    let said =
        "libbpf: struct_ops reloc algorithm: prog handle_init is not struct_ops BPF program\n";
    let found = explain(&[said.to_owned()], &NoLines).expect("it is known");
    assert_eq!(found.code.to_string(), "BPF0068");
    assert!(
        found
            .message
            .contains("`handle_init` is a function of a struct_ops")
    );
    assert!(found.fix.contains("SEC(\"struct_ops\")"));
}

#[test]
fn other_warnings_are_not_taken_for_told() {
    let diagnosis = diagnosis("1: (95) exit\nR0 !read_ok");
    assert!(messages("").iter().all(|message| diagnosis.tells(message)));
    assert!(diagnosis.tells("libbpf: prog 'handle': failed to load: -EACCES\n"));
    assert!(diagnosis.tells("libbpf: failed to load object 'app'\n"));
    assert!(diagnosis.tells("libbpf: failed to load BPF skeleton 'app_bpf': -EACCES\n"));
    assert!(!diagnosis.tells("libbpf: prog 'handle_exit': relo #0: poisoned\n"));
    assert!(!diagnosis.tells("libbpf: map 'rb': failed to auto-pin\n"));
}

#[test]
fn nothing_is_made_of_nothing() {
    for messages in [
        vec![],
        messages(""),
        vec!["libbpf: something new\n".to_owned()],
    ] {
        assert_eq!(explain(&messages, &Numbered), None, "{messages:?}");
    }
}

/// The kernel truncates a log that does not fit, at either end and at any position.
#[test]
fn log_may_be_cut_anywhere() {
    let log = "from 9 to 14: R0=1\n7: (85) call pc+1\n8: (15) if r2 == 0x0 goto pc-5\n9: (95) exit\n\
               10: (79) r1 = *(u64 *)(r3 +0)\nR3 invalid mem access 'inv'\n";
    for end in 0..log.len() {
        for part in [&log[..end], &log[end..]] {
            if let Some(diagnosis) = explain(&messages(part), &Numbered) {
                diagnosis.draw(&Numbered, false);
            }
        }
    }
}

#[test]
fn names_do_not_reach_the_terminal_as_they_are() {
    let log = "4: (85) call \x1b[31mx#1\nkfunc '\x1b[31mf' is unknown\n\x1b[31mand more";
    assert!(!diagnosis(log).draw(&Numbered, false).contains('\x1b'));
}

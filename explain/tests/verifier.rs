//! Logs of kernels and libbpf, and their diagnoses. The package `refused` tests that kernels write
//! such logs.

use bpfapps_explain::Code;
use bpfapps_explain::verifier::{Diagnosis, LineInfo, NoLines, Place, explain};

/// A source in which instruction 7 is on line 7, whose text is `line_7();`.
struct Numbered;

impl Numbered {
    fn line(number: usize) -> Option<Place> {
        Some(Place {
            file: "a.bpf.c".into(),
            line: number,
            column: 0,
            text: format!("\tline_{number}();"),
        })
    }
}

impl LineInfo for Numbered {
    fn place(&self, _: &str, index: usize) -> Option<Place> {
        Self::line(index)
    }

    fn place_of_use(&self, _: &str, index: usize) -> Option<Place> {
        Self::line(index + 1)
    }

    fn place_of_loop(&self, _: &str, begin: usize, _: usize) -> Option<Place> {
        Self::line(begin)
    }

    fn first_call(&self, _: &str) -> Option<Place> {
        Self::line(99)
    }

    fn first_opcode(&self, _: &str, _: u8) -> Option<Place> {
        None
    }

    fn first_use(&self, _: &str) -> Option<Place> {
        Self::line(98)
    }

    fn line(&self, _: &str, number: usize) -> Option<String> {
        Self::line(number).map(|place| place.text)
    }
}

/// libbpf's messages about a program `handle` with this verifier log.
fn messages(log: &str) -> Vec<String> {
    vec![
        "libbpf: prog 'handle': BPF program load failed: -EACCES\n".to_owned(),
        format!(
            "libbpf: prog 'handle': -- BEGIN PROG LOAD LOG --\n{log}\n-- END PROG LOAD LOG --\n"
        ),
    ]
}

fn diagnosis(log: &str) -> Diagnosis {
    explain(&messages(log), &Numbered).expect("a diagnosis")
}

/// The lines shown, each with its label.
fn story(log: &str) -> Vec<(usize, String)> {
    let drawn = diagnosis(log).draw(&Numbered, false);
    let mut story = Vec::new();
    let mut number = 0;
    for line in drawn.lines() {
        let Some((head, rest)) = line.split_once('|') else {
            continue;
        };
        number = head.trim().parse().unwrap_or(number);
        let mark = rest.trim_start().trim_start_matches(['^', '-']);
        if rest.trim_start() != mark {
            story.push((number, mark.trim().to_owned()));
        }
    }
    story
}

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
fn words_of_all_versions_are_known() {
    let cases = [
        (
            "R1 type=map_value_or_null expected=fp, pkt",
            Code::NULL_CHECK,
        ),
        ("R1 type=ptr_or_null_ expected=ptr_", Code::NULL_CHECK),
        ("R0 invalid mem access 'ptr_or_null_'", Code::NULL_CHECK),
        (
            "R0 pointer arithmetic on map_value_or_null prohibited, null-check it first",
            Code::NULL_CHECK,
        ),
        (
            "Possibly NULL pointer passed to trusted arg0",
            Code::NULL_CHECK,
        ),
        ("infinite loop detected at insn 2", Code::ENDLESS_LOOP),
        ("back-edge from insn 3 to 2", Code::ENDLESS_LOOP),
        (
            "BPF program is too large. Processed 1000001 insn",
            Code::TOO_LARGE,
        ),
        (
            "The sequence of 8193 jumps is too complex.",
            Code::TOO_LARGE,
        ),
        (
            "R0 max value is outside of the allowed memory range",
            Code::OUT_OF_BOUNDS,
        ),
        (
            "R0 max value is outside of the array range",
            Code::OUT_OF_BOUNDS,
        ),
        (
            "invalid access to memory, mem_size=8 off=8 size=1",
            Code::OUT_OF_BOUNDS,
        ),
        (
            "combined stack size of 2 calls is 608. Too large",
            Code::STACK_TOO_LARGE,
        ),
        (
            "invalid write to stack R10 off=-520 size=8",
            Code::STACK_TOO_LARGE,
        ),
        ("invalid stack off=-520 size=8", Code::STACK_TOO_LARGE),
        (
            "invalid indirect read from stack R2 off -16+8 size 16",
            Code::UNINITIALIZED,
        ),
        (
            "invalid read from stack off -16+8 size 16",
            Code::UNINITIALIZED,
        ),
        ("R7 !read_ok", Code::UNINITIALIZED),
        (
            "R0 unbounded memory access, use 'var &= const' or 'if (var < const)'",
            Code::UNBOUNDED,
        ),
        (
            "R2 min value is negative, either use unsigned or 'var &= const'",
            Code::UNBOUNDED,
        ),
        (
            "math between map_value pointer and register with unbounded min value is not allowed",
            Code::UNBOUNDED,
        ),
        (
            "value -2147483648 makes map_value pointer be out of bounds",
            Code::UNBOUNDED,
        ),
        (
            "invalid variable-offset write to stack R1 var_off=(0xfffffffffffffff0; 0xf) off=-16 size=1",
            Code::UNBOUNDED,
        ),
        (
            "Unreleased reference id=2 alloc_insn=1",
            Code::NOT_SUBMITTED,
        ),
        ("unknown func bpf_skb_load_bytes#26", Code::HELPER),
        (
            "program of this type cannot use helper bpf_skb_load_bytes#26",
            Code::HELPER,
        ),
        (
            "cannot call GPL-restricted function from non-GPL compatible program",
            Code::GPL_ONLY,
        ),
        (
            "cannot call GPL only function from proprietary program",
            Code::GPL_ONLY,
        ),
        (
            "cannot call kernel function from non-GPL compatible program",
            Code::KERNEL_FUNCTION,
        ),
        (
            "calling kernel function tcp_slow_start is not allowed",
            Code::KERNEL_FUNCTION,
        ),
        (
            "write into map forbidden, value_size=4 off=0 size=4",
            Code::READ_ONLY,
        ),
        ("R1 cannot write into rdonly_mem", Code::READ_ONLY),
        (
            "R0 bitwise operator &= on pointer prohibited",
            Code::POINTER_ARITHMETIC,
        ),
        (
            "R1 pointer arithmetic on ctx prohibited",
            Code::POINTER_ARITHMETIC,
        ),
        (
            "dereference of modified ctx ptr R1 off=4 disallowed",
            Code::POINTER_ARITHMETIC,
        ),
        ("R6 leaks addr into map", Code::POINTER_LEAK),
        (
            "invalid access to packet, off=12 size=2, R1(id=0,off=12,r=0)",
            Code::PACKET_BOUNDS,
        ),
        (
            "At program exit the register R0 has value (0x5; 0x0) should have been in (0x0; 0x1)",
            Code::RETURN_VALUE,
        ),
        ("R0 invalid mem access 'scalar'", Code::NUMBER_AS_POINTER),
        ("R0 invalid mem access 'inv'", Code::NUMBER_AS_POINTER),
        (
            "R2 type=inv expected=fp, pkt, map_value_or_null",
            Code::ARGUMENT,
        ),
        (
            "kfunc 'f' is referenced but wasn't resolved",
            Code::UNKNOWN_FUNCTION,
        ),
        ("unreachable insn 5", Code::CONTROL_FLOW),
        ("no such words", Code::REJECTED),
    ];
    for (words, code) in cases {
        let log =
            format!("4: (79) r1 = *(u64 *)(r0 +0)\n{words}\nprocessed 3 insns (limit 1000000)");
        assert_eq!(
            diagnosis(&log).code.to_string(),
            code.to_string(),
            "{words}"
        );
    }
}

#[test]
fn names_are_those_of_the_log() {
    let message = |words: &str| diagnosis(&format!("4: (85) call x#1\n{words}")).message;
    assert_eq!(
        message("unknown func bpf_skb_load_bytes#26"),
        "`handle` calls `bpf_skb_load_bytes`, which its program type may not call on this kernel"
    );
    assert_eq!(
        message("kfunc 'bpf_maybe' is referenced but wasn't resolved"),
        "`handle` calls `bpf_maybe`, which the running kernel does not have"
    );
    let core = |spec: &str| {
        message(&format!(
            "failed to resolve CO-RE relocation <byte_off> {spec}"
        ))
    };
    assert_eq!(
        core("[5] struct task_struct___old.a.b (0:0:1 @ offset 0)"),
        "`handle` needs `a.b` in `struct task_struct`, which the running kernel does not have"
    );
    assert_eq!(
        core("[5] struct socket_lock"),
        "`handle` needs `struct socket_lock`, which the running kernel does not have"
    );
}

/// The compiler moves a pointer around between its origin and its use.
#[test]
fn register_is_followed_to_where_it_comes_from() {
    let from = |log: &str| {
        let log = format!(
            "{log}\n40: (79) r1 = *(u64 *)(r3 +0)\nR3 invalid mem access 'map_value_or_null'"
        );
        story(&log)
            .into_iter()
            .map(|(line, _)| line)
            .filter(|line| *line != 40)
            .collect::<Vec<_>>()
    };
    // through another register and the stack
    assert_eq!(
        from(
            "7: (85) call bpf_map_lookup_elem#1\n8: (bf) r6 = r0\n9: (7b) *(u64 *)(r10 -8) = r6\n\
             10: (85) call bpf_ktime_get_ns#5\n11: (79) r3 = *(u64 *)(r10 -8)"
        ),
        [7]
    );
    // along the path taken, not the one that the log has in between
    assert_eq!(
        from(
            "7: (85) call bpf_map_lookup_elem#1\n8: (bf) r3 = r0\n9: (55) if r1 != 0x0 goto pc+4\n\
             10: (b7) r3 = 0\n11: (95) exit\n\nfrom 9 to 14: R0=inv(id=0) R10=fp0\n14: (b7) r2 = 1"
        ),
        [7]
    );
    // past a function, into it, and out of it
    assert_eq!(
        from(
            "7: (85) call bpf_map_lookup_elem#1\n8: (bf) r6 = r0\n9: (85) call pc+20\n30: (b7) r6 = 0\n\
             31: (95) exit\n10: (bf) r3 = r6"
        ),
        [7]
    );
    assert_eq!(
        from(
            "9: (85) call pc+20\n30: (85) call bpf_map_lookup_elem#1\n31: (95) exit\n10: (bf) r3 = r0"
        ),
        [30]
    );
    assert_eq!(
        from("7: (85) call bpf_map_lookup_elem#1\n8: (bf) r3 = r0\n9: (85) call pc+20"),
        [7]
    );
    // a call clobbers the argument registers
    assert_eq!(
        from(
            "7: (85) call bpf_map_lookup_elem#1\n8: (bf) r3 = r0\n9: (85) call bpf_ktime_get_ns#5"
        ),
        []
    );
}

#[test]
fn pointer_and_offset_are_told_apart() {
    let log = |added| {
        format!(
            "1: (85) call bpf_get_prandom_u32#7\n2: (bf) r6 = r0\n3: (85) call bpf_map_lookup_elem#1\n\
             {added}\nR0 unbounded memory access, make sure to bounds check any such access"
        )
    };
    let expected = [
        (1, "the offset comes from here"),
        (3, "the pointer comes from here"),
        (
            5,
            "R0 unbounded memory access, make sure to bounds check any such access",
        ),
    ];
    let expected = expected.map(|(line, text)| (line, text.to_owned()));
    let offset_added = "4: (0f) r0 += r6\n5: (73) *(u8 *)(r0 +0) = r1";
    let pointer_added = "4: (0f) r6 += r0\n5: (bf) r0 = r6\n5: (73) *(u8 *)(r0 +0) = r1";
    for added in [offset_added, pointer_added] {
        assert_eq!(story(&log(added)), expected, "{added}");
    }
}

#[test]
fn record_that_was_submitted_is_no_number() {
    let taken = "1: (85) call bpf_ringbuf_reserve#131\n2: (bf) r6 = r0\n3: (bf) r1 = r6\n";
    let used = "5: (79) r1 = *(u64 *)(r6 +0)\nR6 invalid mem access 'scalar'";
    for release in ["bpf_ringbuf_submit#132", "bpf_ringbuf_discard#133"] {
        let log = format!("{taken}4: (85) call {release}          ;\n{used}");
        assert_eq!(diagnosis(&log).code, Code::USED_AFTER_SUBMIT);
        let expected = [
            (1, "the record was reserved here"),
            (4, "it was submitted or discarded here"),
            (5, "R6 invalid mem access 'scalar'"),
        ];
        assert_eq!(
            story(&log),
            expected.map(|(line, text)| (line, text.to_owned()))
        );
    }
}

#[test]
fn access_beyond_a_buffer_is_not_too_much_stack() {
    for said in [
        "invalid write to stack R1 off=-16 size=32",
        "invalid indirect access to stack R1 off=-64 size=65",
        "invalid stack type R1 off=-16 access_size=32",
    ] {
        let log = format!("1: (85) call bpf_get_current_comm#16\n{said}");
        assert_eq!(diagnosis(&log).code, Code::OUT_OF_BOUNDS, "{said}");
    }
    let large = "1: (7b) *(u64 *)(r10 -520) = r1\ninvalid write to stack R10 off=-520 size=8";
    assert_eq!(diagnosis(large).code, Code::STACK_TOO_LARGE);
}

#[test]
fn release_of_a_reference_is_named() {
    let log = |acquired: &str| {
        format!("1: (85) call {acquired}\n2: (95) exit\nUnreleased reference id=2 alloc_insn=1")
    };
    for (acquired, fix) in [
        (
            "bpf_ringbuf_reserve#131",
            "call `bpf_ringbuf_submit` or `bpf_ringbuf_discard` on every path to the exit",
        ),
        (
            "bpf_sk_lookup_tcp#84",
            "call `bpf_sk_release` on every path to the exit",
        ),
        (
            "bpf_task_from_pid#71234",
            "call `bpf_task_release` on every path to the exit",
        ),
        (
            "bpf_new_thing#1",
            "call its release function on every path to the exit",
        ),
    ] {
        assert_eq!(diagnosis(&log(acquired)).fix, fix);
    }
}

/// The check in `bpfapps_reserve` makes the NULL branch a known zero.
#[test]
fn null_on_one_path_is_no_number() {
    let reserved = "1: (85) call bpf_ringbuf_reserve#131\n2: (bf) r6 = r0\n";
    let written = "5: (7b) *(u64 *)(r6 +0) = r1\nR6 invalid mem access 'scalar'";
    let passed = "3: (bf) r1 = r6\n4: (07) r1 += 8\n5: (85) call bpf_get_current_comm#16\n\
                  R1 type=scalar expected=fp, pkt, map_value";
    for used in [written, passed] {
        let log = format!("{reserved}{used}");
        assert_eq!(diagnosis(&log).code, Code::NULL_CHECK, "{used}");
        assert_eq!(story(&log)[0].0, 1, "{used}");
    }
    let number = "1: (85) call bpf_get_current_task#35\n2: (79) r1 = *(u64 *)(r0 +0)\n\
                  R0 invalid mem access 'scalar'";
    assert_eq!(diagnosis(number).code, Code::NUMBER_AS_POINTER);
}

#[test]
fn packet_that_may_have_moved_is_no_number() {
    let loaded = "1: (61) r6 = *(u32 *)(r7 +0)\n2: (bf) r1 = r7\n";
    let used = "4: (69) r1 = *(u16 *)(r6 +12)\nR6 invalid mem access 'inv'";
    let moved = format!("{loaded}3: (85) call bpf_xdp_adjust_head#44\n{used}");
    assert_eq!(diagnosis(&moved).code, Code::STALE_PACKET);
    let expected = [
        (1, "the pointer comes from here"),
        (3, "the packet may have moved here"),
        (4, "R6 invalid mem access 'inv'"),
    ];
    let expected = expected.map(|(line, text)| (line, text.to_owned()));
    assert_eq!(story(&moved), expected);
    let other = format!("{loaded}3: (85) call bpf_ktime_get_ns#5\n{used}");
    assert_eq!(diagnosis(&other).code, Code::NUMBER_AS_POINTER);
}

#[test]
fn loop_is_shown_where_it_begins() {
    let log =
        "4: (61) r2 = *(u32 *)(r1 +0)\n8: (15) if r2 == 0x0 goto pc-5 4: R1=map_value(off=0)\n";
    let endless =
        format!("{log}infinite loop detected at insn 4\ncur state: R1=0\nold state: R1=0");
    assert_eq!(
        story(&endless),
        [(4, "infinite loop detected at insn 4".to_owned())]
    );
    // reported before the verifier processes any instruction
    assert_eq!(story("back-edge from insn 3 to 2")[0].0, 2);
}

#[test]
fn what_has_no_instruction_is_shown_at_the_call() {
    assert_eq!(
        story("combined stack size of 2 calls is 608. Too large")[0].0,
        99
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

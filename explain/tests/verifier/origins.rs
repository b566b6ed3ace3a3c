//! The lines that a report shows besides the one at fault.

use bpfapps_explain::Code;

use crate::numbered::{diagnosis, story};

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

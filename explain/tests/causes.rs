//! One message of the verifier has several causes, which what it knew before tells apart.

use bpfapps_explain::Code;
use bpfapps_explain::verifier::{NoLines, explain_log};

/// The code and the fix for a log.
fn explained(log: &str) -> (Code, String) {
    let log = format!("{log}\nprocessed 9 insns (limit 1000000)\n");
    let diagnosis = explain_log(&log, |_| None, &NoLines);
    let diagnosis = diagnosis.unwrap_or_else(|| panic!("not explained: {log}"));
    (
        diagnosis.code,
        format!("{} {}", diagnosis.message, diagnosis.fix),
    )
}

fn expect(log: &str, code: Code, words: &str) {
    let (found, text) = explained(log);
    assert_eq!(found.to_string(), code.to_string(), "{log}");
    assert!(text.contains(words), "{log}\n{text}");
}

#[test]
fn number_was_a_pointer_before_a_call() {
    let socket = "1: (85) call bpf_sk_lookup_tcp#84 ; R0_w=sock_or_null(id=1,ref_obj_id=1)\n\
                  2: (bf) r7 = r0 ; R7_w=sock(ref_obj_id=1)\n";
    let used = "5: (61) r1 = *(u32 *)(r7 +16)\nR7 invalid mem access 'scalar'";
    let released = format!("{socket}4: (85) call bpf_sk_release#86\n{used}");
    expect(&released, Code::STALE_OBJECT, "before that call");
    // without a call between, it is NULL on this path
    expect(&format!("{socket}{used}"), Code::NULL_CHECK, "NULL");
    let packet = "2: (bf) r7 = r6 ; R7_w=pkt(r=14)\n4: (85) call bpf_skb_pull_data#39\n";
    expect(&format!("{packet}{used}"), Code::STALE_PACKET, "data_end");
    let number = "2: (bf) r7 = r6 ; R7_w=scalar()\n4: (85) call bpf_ktime_get_ns#5\n";
    expect(
        &format!("{number}{used}"),
        Code::NUMBER_AS_POINTER,
        "BPF_CORE_READ",
    );
}

#[test]
fn known_zero_is_null() {
    for zero in ["R1_w=0", "R1_w=inv0"] {
        let log = format!(
            "1: (b7) r1 = 0 ; {zero}\n2: (85) call bpf_sk_release#86\n\
             R1 type=scalar expected=sock"
        );
        expect(&log, Code::NULL_CHECK, "NULL");
    }
    let fine = "1: (b7) r1 = 7 ; R1_w=7\n2: (85) call bpf_sk_release#86\n\
                R1 type=scalar expected=sock";
    expect(fine, Code::ARGUMENT, "kernel object");
}

/// The check of a copy tells about all: `bpfapps_reserve` counts a loss on that path, by a lookup.
#[test]
fn copy_that_is_null_is_no_stale_pointer() {
    let record = "1: (85) call bpf_ringbuf_reserve#131 ; R0=ringbuf_mem_or_null(id=5,sz=72)\n\
                  2: (bf) r7 = r0 ; R0=ringbuf_mem_or_null(id=5,sz=72) R7=ringbuf_mem_or_null(id=5,sz=72)\n";
    let lookup = "4: (85) call bpf_map_lookup_elem#1 ; R0=map_value_or_null(id=7)\n";
    let used = "5: (7b) *(u64 *)(r7 +40) = r6\nR7 invalid mem access 'scalar'";
    let checked = "3: (55) if r0 != 0x0 goto pc+12 ; R0=0\n";
    expect(
        &format!("{record}{checked}{lookup}{used}"),
        Code::NULL_CHECK,
        "compare it with NULL",
    );
    let other = "3: (55) if r8 != 0x0 goto pc+12 ; R8=0\n";
    let (code, _) = explained(&format!("{record}{other}{lookup}{used}"));
    assert_eq!(code.to_string(), Code::STALE_OBJECT.to_string());
}

#[test]
fn pointer_that_may_be_null_is_no_arithmetic() {
    // Linux 6.18 and 5.10
    for end in [
        "trusted_ptr_or_null_ prohibited, null-check it first",
        "ptr_or_null_ prohibited",
    ] {
        let said = format!("R3 pointer arithmetic on {end}");
        expect(
            &format!("1: (0f) r3 += r1\n{said}"),
            Code::NULL_CHECK,
            "compare it with NULL",
        );
    }
}

#[test]
fn size_of_an_argument_is_no_index() {
    let said = "invalid access to memory, mem_size=72 off=8 size=72\n\
                R1 min value is outside of the allowed memory range";
    let call = format!("1: (85) call bpf_get_current_comm#16\n{said}");
    expect(&call, Code::OUT_OF_BOUNDS, "pass at most the size");
    // bpf_probe_read_kernel(&value->names[i], 16, …)
    let varies = "1: (85) call bpf_probe_read_kernel#113\n\
                  invalid access to map value, value_size=64 off=255 size=16\n\
                  R1 max value is outside of the allowed memory range";
    expect(varies, Code::OUT_OF_BOUNDS, "index");
    let store = format!("1: (7b) *(u64 *)(r7 +72) = r1\n{said}");
    expect(&store, Code::OUT_OF_BOUNDS, "index");
}

#[test]
fn stack_is_told_by_what_is_on_it() {
    let read = "4: (79) r1 = *(u64 *)(r10 -16)\ninvalid read from stack off -16+0 size 8";
    let dynptr = format!("3: (85) call x#198 ; R0=scalar() fp-16=dynptr_ringbuf(id=1)\n{read}");
    expect(&dynptr, Code::DYNPTR, "bpf_dynptr_read");
    expect(read, Code::UNINITIALIZED, "initialize");
    let beyond = "4: (85) call bpf_get_current_comm#16\ninvalid write to stack R1 off=-16 size=32";
    expect(beyond, Code::OUT_OF_BOUNDS, "sizeof(buffer)");
    let large = "4: (7b) *(u64 *)(r10 -520) = r1\ninvalid write to stack R10 off=-520 size=8";
    expect(large, Code::STACK_TOO_LARGE, "per-CPU array");
}

#[test]
fn same_code_has_the_fix_for_its_cause() {
    let cases = [
        (
            "3: (85) call bpf_tail_call#12\n4: (bf) r1 = r0\nR0 !read_ok",
            "never returns",
        ),
        (
            "3: (85) call bpf_loop#181\n4: (bf) r1 = r2\nR2 !read_ok",
            "initialize",
        ),
        (
            "4: (7b) *(u64 *)(r1 +8) = r2\ninvalid bpf_context access off=8 size=8",
            "can be written",
        ),
        (
            "4: (61) r1 = *(u32 *)(r1 +8)\ninvalid bpf_context access off=8 size=4",
            "full size",
        ),
        (
            "4: (85) call bpf_ktime_get_ns#5\nfunction calls are not allowed while holding a lock",
            "before `bpf_spin_lock`",
        ),
        (
            "4: (95) exit\nbpf_spin_unlock is missing",
            "on every path to the exit",
        ),
        (
            "4: (85) call bpf_spin_lock#93\nmap 'm' doesn't have 'struct bpf_spin_lock'",
            "declare it",
        ),
        (
            "4: (85) call bpf_d_path#147\nhelper call is not allowed in probe",
            "`bpf_d_path`",
        ),
        (
            "4: (85) call x#26\ninvalid access to map value, value_size=16 off=0 size=0",
            "if it is 0",
        ),
        ("4: (b7) r10 = 0\nframe pointer is read only", "r10"),
        ("4: (8d) callx r1\nunknown opcode 8d", "switch"),
    ];
    for (log, words) in cases {
        let (code, text) = explained(log);
        assert!(text.contains(words), "{log}\n{code} {text}");
    }
    // what is written is not said to be read
    let (_, text) = explained("4: (73) *(u8 *)(r7 +0) = r1\nR7 invalid mem access 'scalar'");
    assert!(text.contains("writes memory"), "{text}");
}

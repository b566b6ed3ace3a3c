//! Each message has its code, and its names.

use bpfapps_explain::Code;

use crate::numbered::diagnosis;

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

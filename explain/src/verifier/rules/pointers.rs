//! Pointers: NULL, arithmetic, leaks, numbers in their place.

use super::Rule;
use crate::Code;

pub(super) const RULES: &[Rule] = &[
    Rule {
        says: &["percpu_* expected=", "or_null* expected=percpu"],
        code: Code::ARGUMENT,
        what: "passes a pointer of another kind to a function for per-CPU data",
        fix: "pass the address of a `__ksym` per-CPU variable, or a `__percpu_kptr`",
    },
    Rule {
        says: &[
            "or_null_'",
            "_or_null'",
            "_or_null prohibited",
            "or_null_ prohibited",
            "_or_null expected=",
            "or_null_ expected=",
            "Possibly NULL",
            "possibly NULL",
        ],
        code: Code::NULL_CHECK,
        what: "uses a pointer that may be NULL",
        fix: "compare it with NULL, and return if it is NULL",
    },
    Rule {
        says: &["leaks addr"],
        code: Code::POINTER_LEAK,
        what: "would leak a kernel address to user space",
        fix: "store the data it points to, or an equivalent number; or load the program with CAP_PERFMON",
    },
    Rule {
        says: &["arithmetic on * prohibited", "on pkt_end prohibited"],
        code: Code::POINTER_ARITHMETIC,
        what: "adds to a pointer that must stay as it is",
        fix: "access its fields at constant offsets, and pass it on unchanged; for packets, add to \
               `data` and compare with `data_end`",
    },
    Rule {
        says: &["dereference of modified"],
        code: Code::POINTER_ARITHMETIC,
        what: "passes or reads a pointer that it has changed, where it must be as it was returned",
        fix: "keep the pointer as it was returned, and access fields as `pointer->field`",
    },
    Rule {
        says: &[
            "math between * pointer and * is not allowed",
            "pointer offset * is not allowed",
            "make * pointer be out of bounds",
            "makes * pointer be out of bounds",
        ],
        code: Code::UNBOUNDED,
        what: "adds a number to a pointer that may be far outside of any object",
        fix: "bound the number right before: `if (i >= sizeof(name->text)) return 0;`, or `i &= 63`",
    },
    Rule {
        says: &[
            "tried to subtract pointer from scalar",
            "pointer += pointer",
            "pointer -= pointer",
            "subtraction from stack pointer",
            "pointer arithmetic",
            "on pointer prohibited",
            "invalid size of register spill",
        ],
        code: Code::POINTER_ARITHMETIC,
        what: "does arithmetic that the verifier does not allow on a pointer",
        fix: "only add a number to a pointer or subtract one from it; do other arithmetic on a number, \
               then add it",
    },
    Rule {
        says: &["invalid mem access 'scalar'", "invalid mem access 'inv'"],
        code: Code::NUMBER_AS_POINTER,
        what: "{reads} memory through a value that the verifier treats as a number",
        fix: "read it with `BPF_CORE_READ` or `bpf_probe_read_kernel`, or use a pointer whose type \
               the verifier knows: from `bpf_get_current_task_btf`, or an argument of `tp_btf`",
    },
    Rule {
        says: &["invalid mem access"],
        code: Code::ARGUMENT,
        what: "accesses memory through a pointer that is not for it",
        fix: "pass it to the helper or kfunc that takes such a pointer, and access what that returns",
    },
];

/// On one path the program's own check has made the pointer a known zero.
pub(in super::super) const NULL_ON_A_PATH: Rule = Rule {
    says: &[],
    code: Code::NULL_CHECK,
    what: "uses a pointer that is NULL on one path",
    fix: "compare it with NULL, and return if it is NULL",
};

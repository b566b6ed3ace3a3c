use crate::Code;

/// Maps wording of the verifier to a failure.
pub(super) struct Rule {
    /// The message contains one of these.
    pub(super) says: &'static [&'static str],
    pub(super) code: Code,
    /// The problem, to follow the name of the program; `{}` is the name that the verifier gives.
    pub(super) what: &'static str,
    pub(super) fix: &'static str,
}

/// Rules in the order in which they are tried, the most specific first.
pub(super) const RULES: [Rule; 20] = [
    Rule {
        says: &[
            "or_null_'",
            "_or_null'\n",
            "_or_null prohibited",
            "_or_null expected=",
            "or_null_ expected=",
            "Possibly NULL",
        ],
        code: Code::NULL_CHECK,
        what: "uses a pointer that may be NULL",
        fix: "compare it with NULL, and return if it is NULL",
    },
    Rule {
        says: &["infinite loop detected", "back-edge from"],
        code: Code::ENDLESS_LOOP,
        what: "has a loop that may never end",
        fix: "give it a constant bound, `for (int i = 0; i < 100; i++)`, or use `bpf_loop`",
    },
    Rule {
        says: &["BPF program is too large", "is too complex"],
        code: Code::TOO_LARGE,
        what: "takes more instructions to verify than the kernel allows",
        fix: "reduce the number of iterations, or move the loop body into a function for `bpf_loop`, \
               which is verified once",
    },
    Rule {
        says: &["invalid access to packet", "on packet prohibited"],
        code: Code::PACKET_BOUNDS,
        what: "reads packet data beyond the range it has checked",
        fix: "compare the end of the data with `data_end` before reading: \
               `if ((void *)(eth + 1) > data_end) return XDP_PASS;`",
    },
    Rule {
        says: &[
            "unbounded memory access",
            "unbounded min value",
            "be out of bounds",
            "value is negative",
            "variable-offset",
            "variable stack",
        ],
        code: Code::UNBOUNDED,
        what: "accesses memory at an unbounded offset",
        fix: "bound the offset right before its use: `if (i >= sizeof(name->text)) return 0;`, or \
               `i &= 63`",
    },
    Rule {
        says: &[
            "invalid access to map value",
            "invalid access to memory",
            "is outside of the a",
        ],
        code: Code::OUT_OF_BOUNDS,
        what: "accesses memory out of bounds",
        fix: "compare the index with the number of elements, not with a larger number, before its use",
    },
    Rule {
        says: &[
            "combined stack size",
            "invalid write to stack",
            "invalid indirect access to stack",
            "invalid stack off=",
            "invalid stack type",
            "stack frames is",
        ],
        code: Code::STACK_TOO_LARGE,
        what: "uses more than 512 bytes of stack",
        fix: "move large variables into a map, usually a per-CPU array with one element",
    },
    Rule {
        says: &["read from stack", "!read_ok"],
        code: Code::UNINITIALIZED,
        what: "reads stack or a register that it has never written",
        fix: "initialize every byte, padding included: `struct key key = {};`, or `__builtin_memset`",
    },
    Rule {
        says: &["Unreleased reference"],
        code: Code::NOT_SUBMITTED,
        what: "exits without releasing a reference that it acquired",
        fix: "call its release function on every path to the exit",
    },
    Rule {
        says: &[
            "calling kernel function",
            "BPF_CALL uses reserved fields",
            "call kernel function from non-GPL",
        ],
        code: Code::KERNEL_FUNCTION,
        what: "calls a kernel function that it may not call",
        fix: "see the kernel documentation for the program types and Linux versions that may call it",
    },
    Rule {
        says: &["GPL-restricted", "GPL only"],
        code: Code::GPL_ONLY,
        what: "calls a helper that is only for GPL-compatible programs",
        fix: "declare a GPL-compatible licence if the program has one: \
               `char LICENSE[] SEC(\"license\") = \"Dual BSD/GPL\";`",
    },
    Rule {
        says: &["unknown func", "cannot use helper"],
        code: Code::HELPER,
        what: "calls {}, which its program type may not call on this kernel",
        fix: "use a helper of this program type (man bpf-helpers), or a program type that has it",
    },
    Rule {
        says: &["write into map forbidden", "cannot write into"],
        code: Code::READ_ONLY,
        what: "writes to read-only memory",
        fix: "`const volatile` globals are read-only once the program is loaded: use one without `const`",
    },
    Rule {
        says: &["leaks addr"],
        code: Code::POINTER_LEAK,
        what: "would leak a kernel address to user space",
        fix: "store the data it points to, or an equivalent number; or load the program with CAP_PERFMON",
    },
    Rule {
        says: &[
            "pointer arithmetic",
            "on pointer prohibited",
            "dereference of modified",
        ],
        code: Code::POINTER_ARITHMETIC,
        what: "does arithmetic that the verifier does not allow on a pointer",
        fix: "only add to a pointer or subtract from it; do other arithmetic on a number, then add it",
    },
    Rule {
        says: &["At program exit", "At async callback", "At callback return"],
        code: Code::RETURN_VALUE,
        what: "returns a value that its program type may not return",
        fix: "return a value in that range, a constant if the range is small",
    },
    Rule {
        says: &["failed to resolve CO-RE relocation"],
        code: Code::CORE_FIELD,
        what: "needs {}, which the running kernel does not have",
        fix: "read it only if `bpf_core_field_exists(task->field)` is true, and handle the case that \
               it is missing",
    },
    Rule {
        says: &["wasn't resolved"],
        code: Code::UNKNOWN_FUNCTION,
        what: "calls {}, which the running kernel does not have",
        fix: "call it only if `bpf_ksym_exists` is true",
    },
    Rule {
        says: &["invalid mem access 'scalar'", "invalid mem access 'inv'"],
        code: Code::NUMBER_AS_POINTER,
        what: "reads memory through a value that the verifier treats as a number",
        fix: "read it with `BPF_CORE_READ` or `bpf_probe_read_kernel`, or use a pointer whose type \
               the verifier knows: from `bpf_get_current_task_btf`, or an argument of `tp_btf`",
    },
    Rule {
        says: &[" expected="],
        code: Code::ARGUMENT,
        what: "calls a function with an argument of the wrong type",
        fix: "pass the type the function requires: usually a pointer to a variable on the stack, `&key`",
    },
];

/// Used if no rule matches.
pub(super) const OTHER: Rule = Rule {
    says: &[],
    code: Code::REJECTED,
    what: "is rejected by the verifier",
    fix: "read the whole verifier log with -v, from its end",
};

// The verifier reports the following ones like others: see [`Rule::of`].

/// On one path the program's own check has made the pointer a known zero.
pub(super) const NULL_ON_A_PATH: Rule = Rule {
    says: &[],
    code: Code::NULL_CHECK,
    what: "uses a pointer that is NULL on one path",
    fix: "compare it with NULL, and return if it is NULL",
};

/// The offset is on the stack, but the access reaches beyond it.
pub(super) const BEYOND_BUFFER: Rule = Rule {
    says: &[],
    code: Code::OUT_OF_BOUNDS,
    what: "accesses the stack beyond a buffer",
    fix: "pass at most the size of the buffer: `sizeof(buffer)`",
};

/// See the helpers in [`super::story`].
pub(super) const STALE_PACKET: Rule = Rule {
    says: &[],
    code: Code::STALE_PACKET,
    what: "uses a packet pointer after a call that may move the packet",
    fix: "read `data` and `data_end` again after the call, and check the bounds again",
};

pub(super) const USED_AFTER_SUBMIT: Rule = Rule {
    says: &[],
    code: Code::USED_AFTER_SUBMIT,
    what: "uses a ring buffer record after submitting or discarding it",
    fix: "submit it last: afterwards it belongs to the reader",
};

use crate::Code;

/// What of a verifier's words stands for which failure.
pub(super) struct Rule {
    /// One of these is in its words.
    pub(super) says: &'static [&'static str],
    pub(super) code: Code,
    /// Behind the name of the program; `{}` is the name that the verifier gives.
    pub(super) what: &'static str,
    pub(super) fix: &'static str,
}

/// In the order in which they are tried: the more telling words first.
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
        fix: "compare it with NULL, and return where it is",
    },
    Rule {
        says: &["infinite loop detected", "back-edge from"],
        code: Code::ENDLESS_LOOP,
        what: "has a loop that may never end",
        fix: "give it a bound that is a constant, `for (int i = 0; i < 100; i++)`, or use `bpf_loop`",
    },
    Rule {
        says: &["BPF program is too large", "is too complex"],
        code: Code::TOO_LARGE,
        what: "takes more instructions to verify than the kernel is willing to follow",
        fix: "let loops run less often, or put their body into a function for `bpf_loop`, which is \
               verified once",
    },
    Rule {
        says: &["invalid access to packet", "on packet prohibited"],
        code: Code::PACKET_BOUNDS,
        what: "reads a packet beyond what it has checked to be there",
        fix: "compare the end of what is read with `data_end` first: \
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
        what: "reaches memory at an offset that may be anything",
        fix: "bound the offset right before it is used: `if (i >= sizeof(name->text)) return 0;`, or \
               `i &= 63`",
    },
    Rule {
        says: &[
            "invalid access to map value",
            "invalid access to memory",
            "is outside of the a",
        ],
        code: Code::OUT_OF_BOUNDS,
        what: "reaches beyond the memory that it was given",
        fix: "compare the index with the number of elements, not with a larger one, before it is used",
    },
    Rule {
        says: &[
            "combined stack size",
            "invalid write to stack",
            "invalid stack off=",
            "stack frames is",
        ],
        code: Code::STACK_TOO_LARGE,
        what: "needs more than the 512 bytes of stack that there are",
        fix: "put what is large into a map: an array per CPU with one element is the usual scratch",
    },
    Rule {
        says: &["read from stack", "!read_ok"],
        code: Code::UNINITIALIZED,
        what: "reads what it has never written",
        fix: "write every byte first, also the padding: `struct key key = {};`, or `__builtin_memset`",
    },
    Rule {
        says: &["Unreleased reference"],
        code: Code::NOT_SUBMITTED,
        what: "ends without having given back what it has taken",
        fix: "call `bpf_ringbuf_submit` or `bpf_ringbuf_discard` on every way to the end; what is no record \
               has a function of its own that releases it",
    },
    Rule {
        says: &[
            "calling kernel function",
            "BPF_CALL uses reserved fields",
            "call kernel function from non-GPL",
        ],
        code: Code::KERNEL_FUNCTION,
        what: "calls a function of the kernel that it may not call",
        fix: "see in the kernel's documentation which program types may call it, and since which Linux",
    },
    Rule {
        says: &["GPL-restricted", "GPL only"],
        code: Code::GPL_ONLY,
        what: "calls a helper that is for GPL-compatible programs only",
        fix: "say so where it is true: `char LICENSE[] SEC(\"license\") = \"Dual BSD/GPL\";`",
    },
    Rule {
        says: &["unknown func", "cannot use helper"],
        code: Code::HELPER,
        what: "calls {}, which a program of its type may not call on this kernel",
        fix: "use a helper of this program type (man bpf-helpers), or a program type that has it",
    },
    Rule {
        says: &["write into map forbidden", "cannot write into"],
        code: Code::READ_ONLY,
        what: "writes to memory that it may only read",
        fix: "`const volatile` globals are set before the program is loaded: take one without `const`",
    },
    Rule {
        says: &["leaks addr"],
        code: Code::POINTER_LEAK,
        what: "would show a kernel address to user space",
        fix: "store what it points to, or a number that says the same; or load it with CAP_PERFMON",
    },
    Rule {
        says: &[
            "pointer arithmetic",
            "on pointer prohibited",
            "dereference of modified",
        ],
        code: Code::POINTER_ARITHMETIC,
        what: "calculates with a pointer in a way that leaves nobody sure where it points",
        fix: "only add to a pointer, or subtract from it; calculate with a number, and add that",
    },
    Rule {
        says: &["At program exit", "At async callback", "At callback return"],
        code: Code::RETURN_VALUE,
        what: "returns a value that its kind of program may not return",
        fix: "return one of the values in that range, and a constant where the range is small",
    },
    Rule {
        says: &["failed to resolve CO-RE relocation"],
        code: Code::CORE_FIELD,
        what: "needs {}, which the running kernel does not have",
        fix: "read it only where `bpf_core_field_exists(task->field)` says that it is there, and know \
               what to do where it is not",
    },
    Rule {
        says: &["wasn't resolved"],
        code: Code::UNKNOWN_FUNCTION,
        what: "calls {}, which the running kernel does not have",
        fix: "call it only where `bpf_ksym_exists` says that it is there",
    },
    Rule {
        says: &["invalid mem access 'scalar'", "invalid mem access 'inv'"],
        code: Code::NUMBER_AS_POINTER,
        what: "reads memory through a number that the verifier does not know to be a pointer",
        fix: "read it with `BPF_CORE_READ` or `bpf_probe_read_kernel`, or take the pointer from where \
               the verifier knows its type: `bpf_get_current_task_btf`, arguments of `tp_btf`",
    },
    Rule {
        says: &[" expected="],
        code: Code::ARGUMENT,
        what: "calls a function with an argument of the wrong kind",
        fix: "pass what the function takes: most want a pointer to a variable on the stack, `&key`",
    },
];

/// What none of them fits.
pub(super) const OTHER: Rule = Rule {
    says: &[],
    code: Code::REJECTED,
    what: "is rejected by the verifier",
    fix: "read the verifier's whole log with -v, from its end",
};

/// What looks like another number: see [`Rule::of`].
pub(super) const USED_AFTER_SUBMIT: Rule = Rule {
    says: &[],
    code: Code::USED_AFTER_SUBMIT,
    what: "uses a record of the ring buffer after it was handed over",
    fix: "submit it last: from then on it belongs to the reader",
};

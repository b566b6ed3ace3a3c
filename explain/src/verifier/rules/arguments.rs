//! Functions, their arguments and their results.

use super::Rule;
use crate::Code;

/// Before rules about pointers and memory, which occur in the same messages.
pub(super) const SPECIFIC: &[Rule] = &[
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
        says: &["helper call is not allowed in"],
        code: Code::HELPER,
        what: "calls {}, which is not allowed at this hook",
        fix: "attach to a function for which it is allowed (man bpf-helpers), or use another helper",
    },
    Rule {
        says: &["unknown func", "cannot use helper"],
        code: Code::HELPER,
        what: "calls {}, which its program type may not call on this kernel",
        fix: "use a helper of this program type (man bpf-helpers), or a program type that has it",
    },
    Rule {
        says: &["failed to resolve CO-RE relocation"],
        code: Code::CORE_FIELD,
        what: "needs {}, which the running kernel does not have",
        fix: "read it only if `bpf_core_field_exists(task->field)` is true, and handle the case that \
               it is missing; a struct of your own needs a name that the kernel does not use",
    },
    Rule {
        says: &["wasn't resolved"],
        code: Code::UNKNOWN_FUNCTION,
        what: "calls {}, which the running kernel does not have",
        fix: "call it only if `bpf_ksym_exists` is true",
    },
    Rule {
        says: &[
            "cannot pass map_type",
            "expected prog array map",
            "map type * is not supported",
            "cannot be used with map",
            "is not pointing to valid bpf_map",
            "update sockmap in this context",
            "cannot update sockmap",
            "not allowed for this map",
        ],
        code: Code::WRONG_MAP,
        what: "passes a map to a function that is not for maps of this type",
        fix: "use the function for this type of map, or the type of map that the function requires \
               (man bpf-helpers)",
    },
    Rule {
        says: &["doesn't point to a const string"],
        code: Code::ARGUMENT,
        what: "passes text that is not constant where a function requires a constant string",
        fix: "define it `static const char text[] = \"…\";`, outside of functions or as a static variable",
    },
    Rule {
        says: &[
            "expected for bpf_obj_drop()",
            "expected for bpf_percpu_obj_drop()",
            "obj_new type ID argument",
            "obj_new type size",
            "bpf_obj_drop cannot be used",
        ],
        code: Code::TRUST,
        what: "allocates or drops an object of a type that is not allowed there",
        fix: "pair `bpf_obj_new` with `bpf_obj_drop`, and `bpf_percpu_obj_new`, which takes structs of \
               numbers of at most 512 bytes, with `bpf_percpu_obj_drop`",
    },
    Rule {
        says: &["must have zero offset when passed to release"],
        code: Code::TRUST,
        what: "releases a pointer that it has moved",
        fix: "pass the pointer as it was returned: keep it in a variable of its own",
    },
    Rule {
        says: &[
            "must be referenced or trusted",
            "must be a rcu pointer",
            "must be referenced",
            "expects refcounted",
            "requires RCU critical section",
            "expects referenced",
            "unacquired reference",
            "must be trusted",
            "untrusted_ptr_ expected=",
        ],
        code: Code::TRUST,
        what: "passes a pointer that may no longer be valid where it must be trusted",
        fix: "pass what an acquire function has returned, such as `bpf_task_acquire`, after a NULL \
               check, or an argument of the program; read RCU-protected fields between \
               `bpf_rcu_read_lock` and `bpf_rcu_read_unlock`; release only what was acquired, once",
    },
    Rule {
        says: &[
            "expected pointer to STRUCT",
            "expected pointer to allocated object",
            "expected pointer to UNION",
            "must point to scalar, or struct with scalar",
            "pointer type * must point to",
            "expected pointer to stack",
            "must point to",
        ],
        code: Code::TRUST,
        what: "passes a pointer of another type than the kernel function requires",
        fix: "pass a pointer to the type that its declaration names, as an argument of the program or \
               another kernel function returned it",
    },
];

pub(super) const RULES: &[Rule] = &[
    ZERO_SIZE,
    Rule {
        says: &[
            "must be a known constant",
            "is not a known constant",
            "must be a const",
            "is not a const",
            "doesn't support non-zero flags",
            "must be constant",
            "must be a number",
            "tail_call abusing map_ptr",
        ],
        code: Code::CONSTANT,
        what: "passes a variable, or a wrong constant, where a certain constant is required",
        fix: "write the number itself, or a `const` of the same function, as the documentation of the \
               function requires it",
    },
    Rule {
        says: &["arg#* reference type(*size cannot be determined"],
        code: Code::GLOBAL_FUNCTION,
        what: "has a global function whose pointer argument has no size that the verifier knows",
        fix: "make the function `static` or `static __always_inline`, or give the argument the type of \
               a struct that is complete",
    },
    Rule {
        says: &[
            "Caller passes invalid args into",
            "Global function",
            "global function",
            "arg#* expects pointer to ctx",
            "arg#*",
            "arg_tag",
        ],
        code: Code::GLOBAL_FUNCTION,
        what: "has a global function that is not called as its arguments declare",
        fix: "make the function `static`, so that it is verified together with its caller, or declare \
               arguments exactly: a complete struct, `__arg_ctx`, `__arg_nonnull`, `__arg_trusted`",
    },
    Rule {
        says: &[
            "At program exit",
            "At async callback",
            "At callback return",
            "At bpf_set_retval",
            "At subprogram exit",
            "At program exit the register",
            "should have been in",
        ],
        code: Code::RETURN_VALUE,
        what: "returns a value that its program type may not return",
        fix: "return a value in that range, a constant if the range is small",
    },
    Rule {
        says: &[
            "bpf_throw",
            "exception callback",
            "exception cb",
            "cannot be called from callback",
            "set exception",
        ],
        code: Code::REGION,
        what: "throws an exception where none is allowed, or handles it in a function of another form",
        fix: "call `bpf_throw` only in the program itself, without locks and references; the callback \
               has one integer argument and returns an integer",
    },
    Rule {
        says: &["is not sleepable"],
        code: Code::NOT_TRACEABLE,
        what: "may sleep, but is attached to a function in which no program may sleep",
        fix: "drop the `.s` of its section; functions that allow it are LSM hooks that sleep, and \
               those for which the kernel allows error injection",
    },
    Rule {
        says: &["is not modifiable"],
        code: Code::NOT_TRACEABLE,
        what: "changes the result of a function that the kernel does not allow to be changed",
        fix: "look on with `fexit`; `fmod_ret` is for functions for which the kernel allows error \
               injection, and those whose names begin with `security_`",
    },
    Rule {
        says: &[
            "attach to unsupported member",
            "disabled hook",
            "attaching * rejected",
            "Attach to",
            "attach_btf",
            "is not supported for",
            "not attachable",
        ],
        code: Code::NO_SUPPORT,
        what: "is for a hook that the kernel does not offer to programs like it",
        fix: "use another hook, or another program type for this one",
    },
];

/// If nothing else is known.
pub(super) const GENERAL: &[Rule] = &[
    Rule {
        says: &["helper access to the packet is not allowed"],
        code: Code::ARGUMENT,
        what: "passes packet data to a function that does not take it",
        fix: "copy the data to a variable first, with `bpf_skb_load_bytes` or `__builtin_memcpy`, and \
               pass its address",
    },
    Rule {
        says: &["expected=ctx"],
        code: Code::ARGUMENT,
        what: "passes something else where a function requires the context",
        fix: "pass the context that the program was called with, unchanged: its first argument, or `ctx` \
               in `BPF_PROG`",
    },
    Rule {
        says: &["expected=map_ptr"],
        code: Code::ARGUMENT,
        what: "passes something else where a function requires a map",
        fix: "name the map in the call itself, `&map`; to choose one at run time, put them into a map \
               of maps",
    },
    Rule {
        says: &["expected=map_value*"],
        code: Code::ARGUMENT,
        what: "passes memory of another kind where a function requires read-only data or a map value",
        fix: "for a constant string, define it `static const char text[] = \"…\";` outside of functions; \
               otherwise pass a pointer into a map value",
    },
    Rule {
        says: &[
            "expected=sock",
            "expected=*sock_common",
            "expected=ptr_",
            "expected=trusted_ptr_",
        ],
        code: Code::ARGUMENT,
        what: "passes something else where a function requires a pointer to a kernel object",
        fix: "pass the pointer that the context, an argument of the program or a lookup returned, after \
               a NULL check",
    },
    Rule {
        says: &["expected=ringbuf_mem"],
        code: Code::ARGUMENT,
        what: "passes something else where a function requires a ring buffer record",
        fix: "pass exactly the pointer that `bpf_ringbuf_reserve` returned",
    },
    Rule {
        says: &[" expected="],
        code: Code::ARGUMENT,
        what: "calls a function with an argument of the wrong type",
        fix: "pass the type the function requires: usually a pointer to a variable on the stack, `&key`",
    },
];

/// Older kernels report it as an access of 0 bytes: see [`super::super::cause`].
pub(in super::super) const ZERO_SIZE: Rule = Rule {
    says: &["zero-sized"],
    code: Code::CONSTANT,
    what: "passes a size that may be 0",
    fix: "return before the call if it is 0: `if (!size) return 0;`; before Linux 6.8 give it a \
          minimum: `size = (size & 63) + 1`",
};

//! Fields of the context, of kernel structs and of map values.

use super::Rule;
use crate::Code;

pub(super) const RULES: &[Rule] = &[
    Rule {
        says: &[
            "tracing progs cannot use bpf_spin_lock",
            "socket filter progs cannot use bpf_spin_lock",
        ],
        code: Code::SPECIAL_FIELD,
        what: "uses a spin lock, which its program type may not",
        fix: "count with `__sync_fetch_and_add`, or in a per-CPU map",
    },
    Rule {
        says: &["tracing progs cannot use bpf_"],
        code: Code::SPECIAL_FIELD,
        what: "uses a list, tree or timer, which its program type may not",
        fix: "use a map, or a program type that may use them, such as tc",
    },
    Rule {
        says: &[
            "has no valid bpf_",
            "doesn't have 'struct bpf_",
            "is not a struct type or bpf_",
            "has to have BTF in order to use",
        ],
        code: Code::SPECIAL_FIELD,
        what: "passes a field to a lock or timer function that is not declared as one",
        fix: "declare it as `struct bpf_spin_lock` or `struct bpf_timer` in the type of the map's value, \
               `__type(value, struct value)`, and pass `&value->field`",
    },
    Rule {
        says: &[
            "cannot be accessed directly",
            "store to referenced kptr",
            "store to referenced uptr",
            "store to uptr disallowed",
            "no valid kptr",
            "kptr access",
            "kptr must be at",
            "kptr cannot be",
            "invalid kptr access",
            "off=* doesn't point to kptr",
            "off=* kptr isn't referenced kptr",
            "map_uid",
            "has to be at the constant offset",
            "doesn't point to 'struct",
            "doesn't point to",
            "constant offset",
            "timer_map_ptr",
            "workqueue pointer in",
            "cannot be accessed by helper",
            "expected * inside a map value",
            "bpf_res_spin_lock",
            "must be a map value",
            "untrusted list",
        ],
        code: Code::SPECIAL_FIELD,
        what: "accesses a field that only its own functions may access, or passes something else to \
               them",
        fix: "declare it as `struct bpf_timer`, `struct bpf_spin_lock` or `__kptr` in the map's value, \
               and pass `&value->field` itself to its functions",
    },
    Rule {
        says: &[
            "bpf_spin_lock at off=* must be held",
            "held for bpf_list_head",
            "held for bpf_rb_root",
            "unlock of different lock",
            "same allocation",
            "without taking a lock",
            "unlock of different",
            "not found for allocated object",
            "not found for local kptr",
            "operation on bpf_",
            "bpf_list_node",
            "bpf_rb_node",
            "bpf_list_head",
            "bpf_rb_root",
            "rbtree_",
        ],
        code: Code::SPECIAL_FIELD,
        what: "uses a list, a tree or its lock in a way that the verifier cannot check",
        fix: "hold the `bpf_spin_lock` that is in the same map value or object, and pass nodes of the \
               type that `__contains` names",
    },
    Rule {
        says: &["dereference of modified ctx", "negative offset ctx"],
        code: Code::POINTER_ARITHMETIC,
        what: "accesses the context through a changed pointer",
        fix: "access each field as `ctx->field`, at a constant offset from the pointer that the program \
               was called with, and pass `ctx` itself to functions",
    },
    Rule {
        says: &["variable ctx access"],
        code: Code::CONTEXT,
        what: "accesses the context at an offset that is not a constant",
        fix: "write the index as a constant, or unroll the loop: `#pragma unroll`",
    },
    Rule {
        says: &["same insn cannot be used with different pointers"],
        code: Code::CONTEXT,
        what: "accesses memory of two kinds with one instruction",
        fix: "access each in its own branch, with `barrier_var(pointer)` between, so that the compiler \
               does not merge the two",
    },
    Rule {
        says: &[
            "func '*' doesn't have *-th argument",
            "func '*size * must be",
        ],
        code: Code::CONTEXT,
        what: "reads an argument that the traced function does not have, or reads part of it",
        fix: "use the number and types of the arguments in `BPF_PROG` that the function has in the \
               running kernel: `bpftool btf dump file /sys/kernel/btf/vmlinux format c`",
    },
    Rule {
        says: &["misaligned context access"],
        code: Code::ALIGNMENT,
        what: "accesses the context at an offset that is not a multiple of the size",
        fix: "read the field whole, as it is declared, and take it apart afterwards",
    },
    Rule {
        says: &["invalid bpf_context access"],
        code: Code::CONTEXT,
        what: "accesses a field of the context that its program type does not offer like this",
        fix: "use a field that the program type has, in its full size; if the compiler has merged two \
               accesses, read through `*(volatile __u32 *)&ctx->field`; most contexts are read-only",
    },
    Rule {
        says: &[
            "invalid access to flow keys",
            "invalid sock access",
            "invalid sock_common access",
            "invalid tcp_sock access",
            "invalid xdp_sock access",
            "no write support to",
            "access beyond struct",
            "access beyond the end of member",
            "cannot access ptr member",
            "only read is supported",
            "Type '* is not a struct",
            "invalid negative access",
            "accesses field * but * is allowed",
            "tcp_sock access",
        ],
        code: Code::CONTEXT,
        what: "accesses a field of a kernel struct that it does not offer like this",
        fix: "read a field that the struct has, in its full size; write only with the helper or kfunc \
               that is for it",
    },
];

// The verifier reports the following one like others: see [`super::super::cause`].

/// The instruction is a store.
pub(in super::super) const CONTEXT_WRITTEN: Rule = Rule {
    says: &[],
    code: Code::CONTEXT,
    what: "writes to a field of the context that it may only read",
    fix: "keep the value in a variable or a map: few fields of few contexts can be written",
};

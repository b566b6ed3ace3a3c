//! Objects of the kernel that a program holds: references, dynptrs, iterators.

use super::Rule;
use crate::Code;

pub(super) const RULES: &[Rule] = &[
    Rule {
        says: &["Unreleased reference", "Leaking reference"],
        code: Code::NOT_SUBMITTED,
        what: "exits without releasing a reference that it acquired",
        fix: "call its release function on every path to the exit",
    },
    Rule {
        says: &[
            "cannot overwrite referenced dynptr",
            "potential write to dynptr",
            "potential write to iter",
            "dynptr_ptr ptr * off=",
        ],
        code: Code::DYNPTR,
        what: "overwrites a dynptr, or passes a changed pointer to it",
        fix: "pass `&ptr` as it is, and access the memory behind it only with `bpf_dynptr_read`, \
               `bpf_dynptr_write`, `bpf_dynptr_data` or `bpf_dynptr_slice`",
    },
    Rule {
        says: &[
            "initialized dynptr",
            "Dynptr has to be an uninitialized dynptr",
            "unowned const bpf_dynptr",
            "for bpf_dynptr_from",
            "dynptr_ptr'",
            "cannot pass in dynptr at an offset",
            "arg * is an unacquired reference",
            "dynptr * must be at constant offset",
            "Unsupported reg type",
            "CONST_PTR_TO_DYNPTR cannot be released",
            "Expected a dynptr of type",
        ],
        code: Code::DYNPTR,
        what: "passes a dynptr that is not in the state which the function requires",
        fix: "create it once (`bpf_ringbuf_reserve_dynptr`, `bpf_dynptr_from_mem`, …), pass `&ptr` \
               unchanged, and use it neither before that nor after its release",
    },
    Rule {
        says: &[
            "initialized iter_",
            "iterator on stack",
            "iter_* ptr * off=",
            "expected pointer to an iterator",
        ],
        code: Code::ITERATOR,
        what: "passes an iterator that is not in the state which the function requires",
        fix: "call `bpf_iter_…_new` once, then `_next` with the same variable until it returns NULL, \
               then `_destroy` once; `bpf_for_each` does all of it",
    },
];

// The verifier reports the following ones like others: see [`super::super::cause`].

/// The stack slot holds a dynptr or an iterator.
pub(in super::super) const NOT_DATA: Rule = Rule {
    says: &[],
    code: Code::DYNPTR,
    what: "reads a dynptr or an iterator as data",
    fix: "use its functions, such as `bpf_dynptr_read`: its bytes on the stack belong to the kernel",
};

/// The packet may have moved.
pub(in super::super) const STALE_PACKET: Rule = Rule {
    says: &[],
    code: Code::STALE_PACKET,
    what: "uses a packet pointer after a call that may move the packet",
    fix: "read `data` and `data_end` again after the call, and check the bounds again",
};

pub(in super::super) const USED_AFTER_SUBMIT: Rule = Rule {
    says: &[],
    code: Code::USED_AFTER_SUBMIT,
    what: "uses a ring buffer record after submitting or discarding it",
    fix: "submit it last: afterwards it belongs to the reader",
};

pub(in super::super) const STALE_OBJECT: Rule = Rule {
    says: &[],
    code: Code::STALE_OBJECT,
    what: "uses a pointer after a call that invalidated it",
    fix: "use it before that call, or get the pointer again after it",
};

//! Memory: bounds, stack, alignment, read-only data.

use super::Rule;
use crate::Code;

pub(super) const RULES: &[Rule] = &[
    Rule {
        says: &[
            "invalid access to packet",
            "on packet prohibited",
            "offset is outside of the packet",
        ],
        code: Code::PACKET_BOUNDS,
        what: "{reads} packet data beyond the range it has checked",
        fix: "compare the end of the data with `data_end` before the access: \
               `if ((void *)(eth + 1) > data_end) return XDP_PASS;`",
    },
    Rule {
        says: &[
            "use 'var &= const'",
            "min value is negative, either use unsigned or",
        ],
        code: Code::UNBOUNDED,
        what: "passes a length that may be negative or larger than the memory",
        fix: "make the length unsigned and bound it right before the call: \
               `if (size > sizeof(buffer)) size = sizeof(buffer);`, or `size &= 63`",
    },
    Rule {
        says: &[
            "unbounded memory access",
            "unbounded min value",
            "be out of bounds",
            "value is negative",
            "variable-offset",
            "variable stack",
            "invalid variable buffer offset",
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
            "invalid access to map key",
            "is outside of the a",
            "buffer access: off=",
            "buffer offset: ",
            "invalid access to rdonly",
            "beyond the end of",
        ],
        code: Code::OUT_OF_BOUNDS,
        what: "accesses memory out of bounds",
        fix: "compare the index with the number of elements, not with a larger number, before its use",
    },
    Rule {
        says: &[
            "misaligned stack access",
            "misaligned value access",
            "misaligned packet access",
            "misaligned pointer access",
            "misaligned",
            "unaligned",
            "not aligned",
            "invalid size of register fill",
        ],
        code: Code::ALIGNMENT,
        what: "accesses memory at an offset that is not a multiple of the size",
        fix: "let the struct have its natural padding, or copy from or to it with `__builtin_memcpy`; \
               atomic operations and pointers on the stack need 8-byte alignment",
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
        says: &["read from map forbidden"],
        code: Code::WRONG_MAP,
        what: "reads a map that programs may only write",
        fix: "create the map without `BPF_F_WRONLY_PROG`",
    },
    Rule {
        says: &["write into map forbidden"],
        code: Code::READ_ONLY,
        what: "writes to read-only memory",
        fix: "`const volatile` globals are read-only once the program is loaded: use one without \
               `const`; a map with `BPF_F_RDONLY_PROG` is read-only to programs",
    },
    Rule {
        says: &[
            "cannot write into packet",
            "does not allow writes to packet",
        ],
        code: Code::READ_ONLY,
        what: "writes to a packet, which its program type may only read",
        fix: "write in a program type that may: XDP, tc, sk_skb or lwt_xmit",
    },
    Rule {
        says: &[
            "cannot write into",
            "only read from",
            "may write into memory pointed",
            "rdonly_mem",
        ],
        code: Code::READ_ONLY,
        what: "writes to memory of the kernel that it may only read",
        fix: "copy it to a variable and change that; for packets ask for memory that can be written, \
               with `bpf_dynptr_slice_rdwr`",
    },
];

/// The offset is on the stack, but the access reaches beyond it.
pub(in super::super) const BEYOND_BUFFER: Rule = Rule {
    says: &[],
    code: Code::OUT_OF_BOUNDS,
    what: "accesses the stack beyond a buffer",
    fix: "pass at most the size of the buffer: `sizeof(buffer)`",
};

/// The memory is not on the stack, and the size is an argument.
pub(in super::super) const SIZE_TOO_LARGE: Rule = Rule {
    says: &[],
    code: Code::OUT_OF_BOUNDS,
    what: "passes a size that is larger than the memory",
    fix: "pass at most the size of what the pointer points to: `sizeof(e->comm)` with `e->comm`",
};

/// A tail call that succeeds does not return.
pub(in super::super) const TAIL_CALL_RESULT: Rule = Rule {
    says: &[],
    code: Code::UNINITIALIZED,
    what: "uses the result of a tail call",
    fix: "do not use it: a tail call that succeeds never returns, and the code behind it runs only if \
           it fails",
};

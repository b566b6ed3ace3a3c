//! Control flow and instructions.

use super::Rule;
use crate::Code;

pub(super) const RULES: &[Rule] = &[
    Rule {
        says: &["infinite loop detected", "back-edge from"],
        code: Code::ENDLESS_LOOP,
        what: "has a loop that may never end",
        fix: "give it a constant bound, `for (int i = 0; i < 100; i++)`, or use `bpf_loop`",
    },
    Rule {
        says: &[
            "BPF program is too large",
            "is too complex",
            "exceeded complexity limit",
        ],
        code: Code::TOO_LARGE,
        what: "takes more instructions to verify than the kernel allows",
        fix: "reduce the number of iterations, or move the loop body into a function for `bpf_loop`, \
               which is verified once",
    },
    Rule {
        says: &[
            "frames is too deep",
            "frames too deep",
            "recursive call",
            "call stack of",
        ],
        code: Code::CALL_DEPTH,
        what: "has functions that call each other more than eight levels deep, or recursively",
        fix: "turn the recursion into a loop with a bound, or merge functions: `static __always_inline`",
    },
    Rule {
        says: &["__bpf_trap"],
        code: Code::CONTROL_FLOW,
        what: "reaches code that the compiler left out, because its behaviour is undefined",
        fix: "initialize every variable, return a value on every path, and heed clang's warnings",
    },
    Rule {
        says: &[
            "unreachable insn",
            "jump out of range",
            "last insn is not an exit",
            "jump into the middle",
            "subprog doesn't start",
            "no exit insn",
            "fallthrough",
            "invalid jump destination",
        ],
        code: Code::CONTROL_FLOW,
        what: "has code that cannot be reached, or runs past its end",
        fix: "end every function with `return`; in assembly, end with `exit` and jump only to \
               instructions of the same function",
    },
    Rule {
        says: &[
            "is only allowed in functions that return 'int'",
            "BPF_LD_[ABS|IND]",
        ],
        code: Code::INSTRUCTION,
        what: "uses a legacy packet load, which is not allowed here",
        fix: "read the packet with `bpf_skb_load_bytes`",
    },
    Rule {
        says: &[
            "unknown opcode 8d",
            "opcode 8d",
            "BPF_CALL uses reserved fields*8d",
        ],
        code: Code::INSTRUCTION,
        what: "calls a function through a pointer",
        fix: "choose by `switch`, or make the functions programs and use `bpf_tail_call`",
    },
    Rule {
        says: &["BPF_ATOMIC * into", "BPF_ATOMIC * from"],
        code: Code::INSTRUCTION,
        what: "uses an atomic operation on memory that does not allow it",
        fix: "use a plain access there, or an atomic one on a map value",
    },
    Rule {
        says: &[
            "frame pointer is read only",
            "R1* is invalid",
            "jump table",
            "insn_array",
            "PTR_TO_INSN",
        ],
        code: Code::INSTRUCTION,
        what: "has an instruction that is not valid",
        fix: "correct the assembly: r10 cannot be written, registers above it do not exist, and an \
               indirect jump needs a jump table of the compiler's",
    },
    Rule {
        says: &["div by zero"],
        code: Code::CONSTANT,
        what: "divides by a constant zero",
        fix: "check the divisor first: `if (!n) return 0;`; here the compiler found it to be 0",
    },
    Rule {
        says: &[
            "unknown opcode",
            "uses reserved fields",
            "reserved fields",
            "invalid BPF_LD_IMM",
            "invalid shift",
            "unrecognized bpf_ld_imm64",
            "invalid atomic",
        ],
        code: Code::INSTRUCTION,
        what: "has an instruction that this kernel does not know",
        fix: "compile for an older instruction set, `-mcpu=v2` or `-mcpu=v3`; in assembly, correct the \
               instruction",
    },
];

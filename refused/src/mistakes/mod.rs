//! The usual mistakes, made in the BPF code of each kind of `cargo xtask new`, and what has to be
//! said about each. The build script makes them, and `tests/kernel/mistakes.rs` loads them.

mod edit;

pub use edit::Edited;

/// A mistake.
pub struct Mistake {
    /// Its name.
    pub name: &'static str,
    /// Makes it.
    pub make: fn(&str) -> Option<Edited>,
    /// The code of the failure.
    pub code: &'static str,
    /// A part of the fix.
    pub fix: &'static str,
    /// Kinds in which it may be accepted, all if none is named, from which Linux on, and why.
    pub accepted: &'static [(&'static [&'static str], (u32, u32), &'static str)],
    /// Kinds in which clang merges two uses, and so says line 0: the marked line is another.
    pub without_line: &'static [&'static str],
    /// Kinds in which there is no place for it, and why.
    pub nowhere: &'static [(&'static str, &'static [&'static str])],
}

/// It has none of the records that are reserved.
const NO_RING: &[&str] = &[
    "counter",
    "histogram",
    "kprobe-multi",
    "legacy-minimal",
    "perf-buffer",
    "task-iterator",
    "tcp-iterator",
    "xdp",
];

/// All of them.
pub const MISTAKES: &[Mistake] = &[
    Mistake {
        name: "record_unchecked",
        make: edit::record_unchecked,
        code: "BPF0001",
        fix: "compare it with NULL",
        accepted: &[],
        without_line: &[],
        nowhere: &[("it has no ring buffer", NO_RING)],
    },
    Mistake {
        name: "lookup_unchecked",
        make: edit::lookup_unchecked,
        code: "BPF0001",
        fix: "compare it with NULL",
        accepted: &[(
            &["legacy-minimal"],
            (6, 14),
            "the verifier knows that an array has the element of a constant key",
        )],
        without_line: &["sockops"],
        nowhere: &[
            (
                "it looks up nothing",
                &[
                    "lsm",
                    "perf-event",
                    "raw-tracepoint",
                    "socket-filter",
                    "struct-ops",
                    "tracepoint",
                    "usdt",
                ],
            ),
            (
                "it asks only whether there is an element",
                &["cgroup-connect", "user-ringbuf"],
            ),
        ],
    },
    Mistake {
        name: "bound_dropped",
        make: edit::bound_dropped,
        code: "BPF0015",
        fix: "compare the end of the data with `data_end` before the access",
        accepted: &[],
        without_line: &[],
        nowhere: &[(
            "it has no packet before it, or lets a helper read it",
            &[
                "cgroup-connect",
                "cgroup-skb",
                "counter",
                "dns",
                "fentry",
                "histogram",
                "kprobe",
                "kprobe-multi",
                "ksyscall",
                "legacy-minimal",
                "lsm",
                "netfilter",
                "perf-buffer",
                "perf-event",
                "raw-tracepoint",
                "sk-lookup",
                "socket-filter",
                "sockops",
                "struct-ops",
                "task-iterator",
                "tc",
                "tcp-iterator",
                "tp-btf",
                "tracepoint",
                "uprobe",
                "usdt",
                "user-ringbuf",
            ],
        )],
    },
    Mistake {
        name: "size_too_large",
        make: edit::size_too_large,
        code: "BPF0004",
        fix: "pass at most the size",
        accepted: &[],
        without_line: &[],
        nowhere: &[
            (
                "it lets no helper write to a part of a reserved record",
                &[
                    "cgroup-connect",
                    "cgroup-skb",
                    "netfilter",
                    "sk-lookup",
                    "socket-filter",
                    "sockops",
                    "struct-ops",
                    "tc",
                    "xdp-sources",
                ],
            ),
            (
                "it has no ring buffer, and beyond a record there is more of the stack",
                NO_RING,
            ),
        ],
    },
    Mistake {
        name: "record_kept",
        make: edit::record_kept,
        code: "BPF0008",
        fix: "`bpf_ringbuf_submit` or `bpf_ringbuf_discard` on every path",
        accepted: &[],
        without_line: &[],
        nowhere: &[("it has no ring buffer", NO_RING)],
    },
    Mistake {
        name: "section_misspelt",
        make: edit::section_misspelt,
        code: "BPF0068",
        fix: "did you mean",
        accepted: &[],
        without_line: &[],
        nowhere: &[],
    },
    Mistake {
        name: "field_of_no_kernel",
        make: edit::field_of_no_kernel,
        code: "BPF0018",
        fix: "bpf_core_field_exists",
        accepted: &[],
        without_line: &[],
        nowhere: &[],
    },
    Mistake {
        name: "helper_of_another_type",
        make: edit::helper_of_another_type,
        code: "BPF0010",
        fix: "use a helper of this program type",
        accepted: &[],
        without_line: &[],
        nowhere: &[],
    },
    Mistake {
        name: "register_unset",
        make: edit::register_unset,
        code: "BPF0006",
        fix: "initialize",
        accepted: &[],
        without_line: &[],
        nowhere: &[],
    },
    Mistake {
        name: "key_unset",
        make: edit::key_unset,
        code: "BPF0006",
        fix: "initialize",
        accepted: &[
            (
                &[],
                (6, 1),
                "who has CAP_PERFMON may read the stack as it is: since Linux 6.3 and 6.1.192",
            ),
            (
                &[
                    "cgroup-skb",
                    "counter",
                    "fentry",
                    "histogram",
                    "kprobe",
                    "ksyscall",
                    "tc",
                    "tp-btf",
                ],
                (5, 8),
                "Linux 5.10 was seen to accept it: in ksyscall, clang leaves out the use",
            ),
        ],
        without_line: &[],
        nowhere: &[(
            "it has no map with a key that is assigned where it is declared",
            &[
                "cgroup-connect",
                "lsm",
                "netfilter",
                "perf-event",
                "raw-tracepoint",
                "socket-filter",
                "sockops",
                "struct-ops",
                "task-iterator",
                "tcp-iterator",
                "tracepoint",
                "usdt",
                "xdp",
            ],
        )],
    },
];

//! Regions in which not everything is allowed: locks, RCU, preemption and interrupts off.

use super::Rule;
use crate::Code;

pub(super) const RULES: &[Rule] = &[
    Rule {
        says: &[
            "program must be sleepable",
            "sleepable * in non-sleepable",
            "sleepable function * non-sleepable",
            "may be called only by sleepable",
            "only sleepable",
            "might sleep * non-sleepable",
            "a non-sleepable BPF program context",
            "sleepable program",
            "and sleepable progs",
        ],
        code: Code::SLEEPABLE,
        what: "calls a function that may sleep, but is not sleepable itself",
        fix: "make the program sleepable, such as `SEC(\"lsm.s/…\")`, `SEC(\"fentry.s/…\")` or \
               `SEC(\"uprobe.s\")`, or use a function that does not sleep",
    },
    Rule {
        says: &[
            "calls are not allowed while holding a lock",
            "while holding a lock",
        ],
        code: Code::REGION,
        what: "calls a function while it holds a lock",
        fix: "call it before `bpf_spin_lock` or after `bpf_spin_unlock`",
    },
    Rule {
        says: &[
            "BPF_EXIT * cannot be used inside",
            "bpf_spin_unlock is missing",
            "bpf_rcu_read_unlock is missing",
            "preempt_enable* missing",
            "BPF_EXIT * region",
        ],
        code: Code::REGION,
        what: "exits inside a locked region",
        fix: "end the region on every path to the exit: `bpf_spin_unlock`, `bpf_rcu_read_unlock`, \
               `bpf_preempt_enable` or `bpf_local_irq_restore`",
    },
    Rule {
        says: &[
            "-ed region",
            "before calling a function",
            "in IRQ-disabled region",
            "in non-preemptible region",
            "in non-preemptible",
            "inside bpf_rcu_read_lock",
            "in rcu_read_lock region",
            "rcu_read_lock",
            "rcu read lock",
            "bpf_preempt_enable",
            "irq flag",
            "IRQ flag",
            "restore irqs",
            "irq state",
            "irq kfunc",
            "sleepable * in * region",
            "sleepable * region",
            "spin_lock is missing",
            "Locking two bpf_spin_locks",
            "bpf_spin_lock-ed",
            "out of order",
            "in the reverse order",
            "Acquiring the same lock",
            "lock region",
            "can't spin_{lock,unlock} in rbtree cb",
            "expected an RCU CS",
        ],
        code: Code::REGION,
        what: "does something inside a locked region that is not allowed there, or leaves it wrongly",
        fix: "end the region before, on every path (`bpf_spin_unlock`, `bpf_rcu_read_unlock`, \
               `bpf_preempt_enable`, `bpf_local_irq_restore`): one region at a time, in the reverse \
               order of their begin",
    },
];

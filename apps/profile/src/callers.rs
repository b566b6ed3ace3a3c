//! Programs whose functions have no callers, as they are built without frame pointers.

use std::collections::HashMap;

use crate::report::shown;
use crate::samples::Samples;

/// Samples without a caller that are nothing to warn of: the start of a program has none either.
const FEW: u64 = 10;

/// The same, as a part of all samples: one of so many.
const PART: u64 = 50;

/// Samples in user space, and which of them have no caller.
#[derive(Debug)]
pub(crate) struct Callers {
    all: u64,
    without: u64,
    /// The program with the most of them.
    program: String,
}

impl Callers {
    pub(crate) fn of(samples: &Samples) -> Self {
        let (mut all, mut by_program) = (0, HashMap::<_, u64>::new());
        for (stack, count) in &samples.stacks {
            if stack.user > 0 {
                all += count;
            }
            if stack.user == 1 {
                *by_program.entry(stack.comm).or_default() += count;
            }
        }
        let most = by_program
            .iter()
            .max_by_key(|(comm, count)| (**count, **comm));
        Self {
            all,
            without: by_program.values().sum(),
            program: most.map_or_else(String::new, |(comm, _)| shown(comm)),
        }
    }

    /// Names the program, if they are many.
    pub(crate) fn warn(&self) {
        let Self {
            all,
            without,
            program,
        } = self;
        if *without >= FEW && without * PART >= *all {
            log::warn!(target: "profile",
                "{without} samples of {all} have no caller: {program} is built without frame \
                 pointers; -fno-omit-frame-pointer, or for Rust -C force-frame-pointers, adds them"
            );
        }
    }
}

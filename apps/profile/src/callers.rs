//! Programs and libraries whose functions have no callers, as they are built without frame pointers.

use std::collections::HashMap;

use crate::places::Frame;
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
    /// The program or library with the most of them, and who runs it.
    culprit: String,
}

impl Callers {
    pub(crate) fn of(samples: &Samples) -> Self {
        let (mut all, mut by_file) = (0, HashMap::<_, u64>::new());
        for (stack, count) in &samples.stacks {
            if stack.user > 0 {
                all += count;
            }
            if let (1, Some(Frame::File(file, _))) = (stack.user, stack.frames.first()) {
                *by_file.entry((*file, stack.comm)).or_default() += count;
            }
        }
        let most = by_file
            .iter()
            .max_by_key(|(place, count)| (**count, **place));
        Self {
            all,
            without: by_file.values().sum(),
            culprit: most.map_or_else(String::new, |((file, comm), _)| {
                let path = &samples.places.modules[*file].path;
                let name = path.file_name().unwrap_or(path.as_os_str());
                format!("{} of {}", shown(name.as_encoded_bytes()), shown(comm))
            }),
        }
    }

    /// Names the program, if they are many.
    pub(crate) fn warn(&self) {
        let Self {
            all,
            without,
            culprit,
        } = self;
        if *without >= FEW && without * PART >= *all {
            log::warn!(target: "profile",
                "{without} samples of {all} have no caller, most in {culprit}, which is built \
                 without frame pointers; -fno-omit-frame-pointer, or for Rust \
                 -C force-frame-pointers, adds them"
            );
        }
    }
}

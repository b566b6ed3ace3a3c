//! What the verifier's messages mean: rules by theme, tried in order.

mod arguments;
mod fields;
mod flow;
mod memory;
mod objects;
mod pointers;
mod regions;

use crate::Code;

pub(super) use arguments::ZERO_SIZE;
pub(super) use fields::CONTEXT_WRITTEN;
pub(super) use memory::{BEYOND_BUFFER, SIZE_TOO_LARGE, TAIL_CALL_RESULT};
pub(super) use objects::{NOT_DATA, STALE_OBJECT, STALE_PACKET, USED_AFTER_SUBMIT};
pub(super) use pointers::NULL_ON_A_PATH;

/// Maps wording of the verifier to a failure.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    /// A line contains all parts of one of these, separated by `*`, in this order.
    pub(super) says: &'static [&'static str],
    pub(super) code: Code,
    /// The problem, to follow the name of the program. `{}` is the name that the verifier gives,
    /// `{reads}` becomes `writes` where the instruction is a store.
    pub(super) what: &'static str,
    pub(super) fix: &'static str,
}

/// Rules in the order in which they are tried, the most specific first.
pub(super) const RULES: [&[Rule]; 9] = [
    arguments::SPECIFIC,
    objects::RULES,
    regions::RULES,
    fields::RULES,
    pointers::RULES,
    memory::RULES,
    flow::RULES,
    arguments::RULES,
    arguments::GENERAL,
];

/// Used if no rule matches.
pub(super) const OTHER: Rule = Rule {
    says: &[],
    code: Code::REJECTED,
    what: "is rejected by the verifier",
    fix: "read the whole verifier log with -v, from its end",
};

impl Rule {
    /// True if the rule is about this line.
    pub(super) fn fits(&self, line: &str) -> bool {
        self.says.iter().any(|text| has_parts(line, text))
    }
}

fn has_parts(line: &str, text: &str) -> bool {
    let mut rest = line;
    text.split('*').all(|part| match rest.split_once(part) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

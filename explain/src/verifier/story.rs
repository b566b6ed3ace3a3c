use super::log::{Log, register};
use super::origin::Origin;
use crate::Code;

/// Helpers that return a pointer rather than a number.
const POINTERS: [&str; 4] = ["lookup", "reserve", "storage", "_kptr"];

/// The history of the value used at `at`: instructions, each with its label.
pub(super) fn of(log: &Log<'_>, code: Code, at: usize) -> Vec<(usize, &'static str)> {
    let mut story = Vec::new();
    if [Code::ENDLESS_LOOP, Code::TOO_LARGE, Code::STACK_TOO_LARGE].contains(&code) {
        return story;
    }
    if code == Code::NOT_SUBMITTED {
        let allocated = log
            .said
            .iter()
            .find_map(|line| line.split_once("alloc_insn="));
        let index = allocated.and_then(|(_, index)| index.trim().parse().ok());
        story.extend(index.map(|index| (index, "it was acquired here")));
        return story;
    }
    let Some(origin) = used(log, at).and_then(|register| Origin::of(log, at, register)) else {
        return story;
    };
    let mut add = |at: usize, label| story.extend(log.index(at).map(|index| (index, label)));
    match code {
        Code::NULL_CHECK => add(
            origin.at,
            "it comes from here and is never compared with NULL",
        ),
        Code::USED_AFTER_SUBMIT => {
            add(origin.at, "the record was reserved here");
            if let Some(at) = released(log, at, origin.at) {
                add(at, "it was submitted or discarded here");
            }
        }
        Code::RETURN_VALUE | Code::ARGUMENT => add(origin.at, "the value comes from here"),
        Code::NUMBER_AS_POINTER => add(
            origin.at,
            "the verifier treats the value from here as a number",
        ),
        _ => {
            let added = origin
                .added
                .and_then(|(at, register)| Origin::of(log, at, register));
            let mut parts = [Some(origin.at), added.map(|added| added.at)];
            // the compiler chooses which of the two registers holds the pointer
            if let [Some(one), Some(other)] = parts
                && is_pointer(log, other)
                && !is_pointer(log, one)
            {
                parts.reverse();
            }
            let labels = ["the pointer comes from here", "the offset comes from here"];
            for (at, label) in parts.into_iter().zip(labels) {
                if let Some(at) = at {
                    add(at, label);
                }
            }
        }
    }
    story
}

/// The register that the verifier names, or else the base register of the memory access.
fn used(log: &Log<'_>, at: usize) -> Option<u8> {
    let words = |line: &&str| line.split(' ').find_map(|word| register(word, 'R'));
    let named = log.said.iter().find_map(words);
    named.or_else(|| {
        let (_, rest) = log.instruction(at)?.1.split_once(" *)(")?;
        register(rest.split(' ').next()?, 'r')
    })
}

/// The position between `from` and `to` at which a record was submitted or discarded.
pub(super) fn released(log: &Log<'_>, to: usize, from: usize) -> Option<usize> {
    let is_release = |text: &str| text.contains("_submit") || text.contains("_discard");
    log.back(to).take_while(|&at| at > from).find(|&at| {
        log.instruction(at)
            .is_some_and(|(_, text)| is_release(text))
    })
}

/// True if the register that the verifier names held a submitted or discarded record.
pub(super) fn was_released(log: &Log<'_>) -> bool {
    let Some((at, register)) = log.last().and_then(|at| Some((at, used(log, at)?))) else {
        return false;
    };
    Origin::of(log, at, register)
        .filter(|origin| {
            log.instruction(origin.at)
                .is_some_and(|(_, text)| text.contains("_reserve"))
        })
        .is_some_and(|origin| released(log, at, origin.at).is_some())
}

fn is_pointer(log: &Log<'_>, at: usize) -> bool {
    let text = log.instruction(at).map_or("", |(_, text)| text);
    POINTERS.iter().any(|name| text.contains(name))
}

mod origin;

use super::log::{Log, register};
use crate::Code;

pub(super) use origin::Origin;

/// Helpers that return a pointer rather than a number.
const POINTERS: [&str; 4] = ["lookup", "reserve", "storage", "_kptr"];

/// Parts of the names of helpers that take a record away.
pub(super) const RELEASES: [&str; 2] = ["_submit", "_discard"];

/// Parts of the names of helpers that may move a packet (`bpf_helper_changes_pkt_data`).
pub(super) const MOVES: [&str; 13] = [
    "xdp_adjust_",
    "skb_pull_data",
    "skb_change_",
    "skb_store_bytes",
    "skb_adjust_room",
    "csum_replace",
    "skb_vlan_",
    "clone_redirect",
    "msg_pull_data",
    "msg_push_data",
    "msg_pop_data",
    "lwt_",
    "store_hdr_opt",
];

/// The history of the value used at `at`: instructions, each with its label.
pub(super) fn of(log: &Log<'_>, code: Code, at: usize) -> Vec<(usize, &'static str)> {
    let mut story = Vec::new();
    const WITHOUT: [Code; 9] = [
        Code::ENDLESS_LOOP,
        Code::TOO_LARGE,
        Code::STACK_TOO_LARGE,
        Code::REGION,
        Code::SLEEPABLE,
        Code::CONTROL_FLOW,
        Code::INSTRUCTION,
        Code::CALL_DEPTH,
        Code::CONTEXT,
    ];
    if WITHOUT.contains(&code) {
        return story;
    }
    if code == Code::NOT_SUBMITTED {
        story.extend(acquired(log).map(|index| (index, "it was acquired here")));
        return story;
    }
    let Some(origin) = used(log, at).and_then(|register| Origin::of(log, at, register)) else {
        return story;
    };
    let mut add = |at: usize, label| story.extend(log.index(at).map(|index| (index, label)));
    match code {
        Code::NULL_CHECK => add(
            checked(log, origin.at).unwrap_or(origin.at),
            "it comes from here and may be NULL",
        ),
        Code::USED_AFTER_SUBMIT => {
            add(origin.at, "the record was reserved here");
            if let Some(at) = call(log, origin.at, at, &RELEASES) {
                add(at, "it was submitted or discarded here");
            }
        }
        Code::STALE_OBJECT => {
            add(origin.at, "the pointer comes from here");
            if let Some(at) = super::cause::invalidated(log, at) {
                add(at, "this call invalidates it");
            }
        }
        Code::STALE_PACKET => {
            add(origin.at, "the pointer comes from here");
            if let Some(at) = call(log, origin.at, at, &MOVES) {
                add(at, "the packet may have moved here");
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
            let is_length = log
                .said
                .iter()
                .any(|line| line.contains("value is negative"));
            let labels = match is_length {
                true => ["the value comes from here"; 2],
                false => ["the pointer comes from here", "the offset comes from here"],
            };
            for (at, label) in parts.into_iter().zip(labels) {
                if let Some(at) = at {
                    add(at, label);
                }
            }
        }
    }
    story
}

/// The call whose result the program has compared with NULL, if the compiler has then put a constant
/// in its place: `r7 = 0`.
pub(super) fn checked(log: &Log<'_>, at: usize) -> Option<usize> {
    let (_, text) = log.instruction(at)?;
    if !text.ends_with(" = 0") {
        return None;
    }
    let mut next = None;
    log.back(at).find_map(|before| {
        let (index, text) = log.instruction(before)?;
        let follows = next.replace(index)?;
        let (compared, rest) = text.strip_prefix("if ")?.split_once(' ')?;
        let is_null = match rest.split_once(" goto")?.0 {
            "== 0x0" => follows != index + 1,
            "!= 0x0" => follows == index + 1,
            _ => false,
        };
        let origin = Origin::of(log, before, register(compared, 'r')?)?.at;
        let (_, text) = log.instruction(origin)?;
        (is_null && text.starts_with("call ")).then_some(origin)
    })
}

/// The instruction that acquired the unreleased reference.
pub(super) fn acquired(log: &Log<'_>) -> Option<usize> {
    let mut said = log.said.iter();
    let (_, index) = said.find_map(|line| line.split_once("alloc_insn="))?;
    index.trim().parse().ok()
}

/// The register that the verifier names, or else the base register of the memory access.
pub(super) fn used(log: &Log<'_>, at: usize) -> Option<u8> {
    let words = |line: &&str| line.split(' ').find_map(|word| register(word, 'R'));
    let named = log.said.iter().find_map(words);
    named.or_else(|| {
        let (_, rest) = log.instruction(at)?.1.split_once(" *)(")?;
        register(rest.split(' ').next()?, 'r')
    })
}

/// The position of the last call of one of these helpers between `from` and `to`.
pub(super) fn call(log: &Log<'_>, from: usize, to: usize, names: &[&str]) -> Option<usize> {
    let is_one =
        |text: &str| text.starts_with("call ") && names.iter().any(|name| text.contains(name));
    let mut path = log.back(to).take_while(|&at| at > from);
    path.find(|&at| log.instruction(at).is_some_and(|(_, text)| is_one(text)))
}

pub(super) fn is_pointer(log: &Log<'_>, at: usize) -> bool {
    let text = log.instruction(at).map_or("", |(_, text)| text);
    POINTERS.iter().any(|name| text.contains(name))
}

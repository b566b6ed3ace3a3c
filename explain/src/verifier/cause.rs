//! Tells apart failures that the verifier reports with the same words, from what it knew before.

use super::log::Log;
use super::rules::{
    BEYOND_BUFFER, CONTEXT_WRITTEN, NOT_DATA, NULL_ON_A_PATH, Rule, SIZE_TOO_LARGE, STALE_OBJECT,
    STALE_PACKET, TAIL_CALL_RESULT, USED_AFTER_SUBMIT, ZERO_SIZE,
};
use super::story::{self, MOVES, Origin, RELEASES};
use crate::Code;

/// Size of the stack, in bytes.
const STACK: i64 = 512;

/// A rule for the cause behind the verifier's message `said`, if it is known better.
pub(super) fn refined(rule: &'static Rule, said: &str, log: &Log<'_>) -> &'static Rule {
    better(rule, said, log).unwrap_or(rule)
}

fn better(rule: &'static Rule, said: &str, log: &Log<'_>) -> Option<&'static Rule> {
    let is_number = || said.contains("scalar") || said.contains("inv") || said.contains("=mem ");
    match rule.code {
        Code::NUMBER_AS_POINTER => lost(log),
        Code::ARGUMENT | Code::TRUST if is_number() => lost(log),
        Code::OUT_OF_BOUNDS if said.ends_with(" size=0") => Some(&ZERO_SIZE),
        Code::OUT_OF_BOUNDS if said.contains("size=") => {
            // only the largest offset does not fit: the cause is an index
            if log
                .said
                .iter()
                .any(|line| line.contains("max value is outside"))
            {
                return None;
            }
            let (_, text) = log.instruction(log.last()?)?;
            text.starts_with("call bpf_").then_some(&SIZE_TOO_LARGE)
        }
        Code::UNINITIALIZED if said.starts_with("R0 ") => tail_call(log),
        Code::STACK_TOO_LARGE | Code::UNINITIALIZED => stack(said, log),
        Code::CONTEXT if said.starts_with("invalid bpf_context") => {
            let (_, text) = log.instruction(log.last()?)?;
            text.starts_with('*').then_some(&CONTEXT_WRITTEN)
        }
        _ => None,
    }
}

/// The result is missing because the last call does not return.
fn tail_call(log: &Log<'_>) -> Option<&'static Rule> {
    let mut path = log.back(log.last()?);
    let call = path.find_map(|at| {
        let (_, text) = log.instruction(at)?;
        text.starts_with("call ").then_some(text)
    })?;
    call.contains("bpf_tail_call").then_some(&TAIL_CALL_RESULT)
}

/// The reason why the register that the verifier names is no longer a pointer.
fn lost(log: &Log<'_>) -> Option<&'static Rule> {
    let at = log.last()?;
    let register = story::used(log, at)?;
    if let Some(origin) = Origin::of(log, at, register) {
        let origin = origin.at;
        let text = log.instruction(origin).map_or("", |(_, text)| text);
        if text.contains("_reserve") && story::call(log, origin, at, &RELEASES).is_some() {
            return Some(&USED_AFTER_SUBMIT);
        }
        if text.contains(" = *(u32 *)(") && story::call(log, origin, at, &MOVES).is_some() {
            return Some(&STALE_PACKET);
        }
        if story::checked(log, origin).is_some() {
            return Some(&NULL_ON_A_PATH);
        }
        let may_be_null = text.starts_with("call ") && story::is_pointer(log, origin);
        if may_be_null && (is_null(log, at, register) || invalidated(log, at).is_none()) {
            return Some(&NULL_ON_A_PATH);
        }
    }
    let (_, value) = log.known(at, &format!("R{register}"))?;
    if matches!(value, "0" | "inv0" | "P0") {
        return Some(&NULL_ON_A_PATH);
    }
    let is_packet = value.starts_with("pkt");
    invalidated(log, at).map(|_| match is_packet {
        true => &STALE_PACKET,
        false => &STALE_OBJECT,
    })
}

/// True if a copy of the register was compared with NULL, and this is the path on which it is NULL:
/// the verifier then shows only the copy as 0.
fn is_null(log: &Log<'_>, at: usize, register: u8) -> bool {
    let Some((known, value)) = log.known(at, &format!("R{register}")) else {
        return false;
    };
    let mut path = log.back(at).take_while(|&at| at > known);
    path.any(|at| {
        let Some((_, text)) = log.instruction(at) else {
            return false;
        };
        let copy = text
            .strip_prefix("if r")
            .and_then(|rest| rest.split(' ').next());
        let copy = copy.map(|number| format!("R{number}")).unwrap_or_default();
        let said_of = |at| log.known(at, &copy).map(|(_, value)| value);
        said_of(at) == Some(value) && matches!(said_of(at + 1), Some("0" | "inv0" | "P0"))
    })
}

/// The position of the call before `at` that made a number of the pointer which is used there.
pub(super) fn invalidated(log: &Log<'_>, at: usize) -> Option<usize> {
    let register = story::used(log, at)?;
    let (known, value) = log.known(at, &format!("R{register}"))?;
    let kind = value.split('(').next().unwrap_or_default();
    let is_number = kind.is_empty()
        || ["scalar", "inv", "P"]
            .iter()
            .any(|name| kind.starts_with(name))
        || kind.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    if is_number {
        return None;
    }
    let mut path: Vec<_> = log.back(at).take_while(|&at| at > known).collect();
    path.reverse();
    let is_call = |&at: &usize| {
        log.instruction(at)
            .is_some_and(|(_, text)| text.starts_with("call "))
    };
    // the last one is the likeliest: what is between them is mostly harmless
    path.into_iter().rfind(is_call)
}

/// The stack: beyond a buffer, or the bytes of an object of the kernel.
fn stack(said: &str, log: &Log<'_>) -> Option<&'static Rule> {
    let (_, rest) = said.split_once(" off")?;
    let mut numbers = rest.trim_start_matches(['=', ' ']).split(['+', ' ']);
    let offset: i64 = numbers.next()?.parse().ok()?;
    let size = said.split_once("size").map_or("", |(_, size)| size);
    let size = size.trim_start_matches(['=', ' ']).split(' ').next()?;
    let size: i64 = size.parse().unwrap_or(1);
    let slot = format!("fp{}", offset.div_euclid(8) * 8);
    let holds = |name: &str| {
        let known = log.known(log.last()?, &slot);
        Some(known?.1.starts_with(name))
    };
    if holds("dynptr") == Some(true) || holds("iter") == Some(true) {
        return Some(&NOT_DATA);
    }
    let is_inside = (-STACK..0).contains(&offset);
    let is_write = said.contains("write to stack");
    let is_beyond = offset >= 0 || offset + size > 0;
    ((is_inside && is_write) || is_beyond).then_some(&BEYOND_BUFFER)
}

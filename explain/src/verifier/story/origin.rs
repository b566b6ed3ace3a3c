use crate::verifier::log::{Log, register};

/// A value that is traced back to its origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value<'a> {
    Register(u8),
    /// A stack slot, as written in the log: `-8`.
    Slot(&'a str),
}

/// The origin of a register's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Origin {
    /// The position of the instruction that created the value.
    pub(in super::super) at: usize,
    /// The position of the instruction that last added another register to it, and that register.
    pub(in super::super) added: Option<(usize, u8)>,
}

impl Origin {
    /// Traces `register` back from `at` to the instruction that created its value.
    pub(in super::super) fn of(log: &Log<'_>, at: usize, register: u8) -> Option<Self> {
        let mut value = Value::Register(register);
        let mut added = None;
        // number of called functions entered from their end: their instructions are skipped
        let mut inside = 0;
        for at in log.back(at) {
            let Some((_, text)) = log.instruction(at) else {
                continue;
            };
            let calls_bpf = text.starts_with("call pc");
            if inside > 0 {
                inside += i32::from(text == "exit") - i32::from(calls_bpf);
                continue;
            }
            if text == "exit" {
                inside = i32::from(value != Value::Register(0));
                continue;
            }
            if calls_bpf {
                // only the arguments come from the caller
                match value {
                    Value::Register(1..=5) => continue,
                    _ => return None,
                }
            }
            if text.starts_with("call ") {
                match value {
                    Value::Register(0) => return Some(Self { at, added }),
                    Value::Register(1..=5) => return None,
                    _ => continue,
                }
            }
            let Some((to, from)) = assignment(text) else {
                if let (Value::Register(this), Some((to, other))) = (value, addition(text))
                    && this == to
                {
                    added = added.or(Some((at, other)));
                }
                continue;
            };
            if to != value {
                continue;
            }
            match operand(from) {
                Some(next) => value = next,
                None => return Some(Self { at, added }),
            }
        }
        None
    }
}

/// `to = from`
fn assignment(text: &str) -> Option<(Value<'_>, &str)> {
    let (to, from) = text.split_once(" = ")?;
    Some((operand(to)?, from))
}

/// `r0 += r6`: the target and the added register
fn addition(text: &str) -> Option<(u8, u8)> {
    let (to, other) = text.split_once(" += ")?;
    Some((register(to, 'r')?, register(other, 'r')?))
}

/// A register or stack slot; `None` for other memory and constants.
fn operand(text: &str) -> Option<Value<'_>> {
    let number = register(text, 'r').or_else(|| register(text, 'w'));
    number.map(Value::Register).or_else(|| {
        let (_, slot) = text.split_once(" *)(r10 ")?;
        Some(Value::Slot(slot.strip_suffix(')')?))
    })
}

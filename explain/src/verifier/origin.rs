use super::log::{Log, register};

/// What is followed back to where it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value<'a> {
    Register(u8),
    /// A place in the stack, as the log writes it: `-8`.
    Slot(&'a str),
}

/// Where a register got its value from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// The position of the instruction that made it.
    pub(super) at: usize,
    /// The position of the instruction that last added another register to it, and that register.
    pub(super) added: Option<(usize, u8)>,
}

impl Origin {
    /// Follows `register` from `at` back to the instruction that made what is in it.
    pub(super) fn of(log: &Log<'_>, at: usize, register: u8) -> Option<Self> {
        let mut value = Value::Register(register);
        let mut added = None;
        // calls within this many functions, seen from their ends, are of no interest
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
                // only the arguments are the caller's, too
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

/// `r0 += r6`: which register to which
fn addition(text: &str) -> Option<(u8, u8)> {
    let (to, other) = text.split_once(" += ")?;
    Some((register(to, 'r')?, register(other, 'r')?))
}

/// A register, or a slot of the stack; not memory elsewhere, and no constant.
fn operand(text: &str) -> Option<Value<'_>> {
    let number = register(text, 'r').or_else(|| register(text, 'w'));
    number.map(Value::Register).or_else(|| {
        let (_, slot) = text.split_once(" *)(r10 ")?;
        Some(Value::Slot(slot.strip_suffix(')')?))
    })
}

//! Checks whether the target of an app exists on this machine.

use bpfapps_explain::{did_you_mean, nearest};
use bpfapps_host::hooks::{self, Hooks, binary};
use bpfapps_host::interfaces;
use bpfapps_templates::Check;

/// The result of a check.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    There,
    /// This machine cannot tell, for that reason
    Unknown(String),
    /// It does not exist: a message with similar names
    Absent(String),
}

impl From<hooks::Finding> for Answer {
    fn from(finding: hooks::Finding) -> Self {
        match finding {
            hooks::Finding::There => Self::There,
            hooks::Finding::Unknown(reason) => Self::Unknown(reason),
            hooks::Finding::Absent(absent) => {
                Self::Absent(format!("{}: {}", absent.message, absent.hint()))
            }
        }
    }
}

/// Looks for `value`; `of` is the binary that a symbol is looked for in.
pub(crate) fn find(check: Check, value: &str, of: Option<&str>) -> Answer {
    let hooks = Hooks::with_tracefs();
    match check {
        Check::Text => Answer::There,
        Check::Tracepoint if !value.contains('/') => {
            Answer::Absent(format!("`{value}` is not of the form CATEGORY/EVENT"))
        }
        Check::Tracepoint => hooks.tracepoint(value).into(),
        Check::RawTracepoint => hooks.raw_tracepoint(value).into(),
        Check::Function => hooks.function(value).into(),
        Check::Interface => match interfaces::index(value) {
            Ok(_) => Answer::There,
            Err(err) => Answer::Absent(format!("{err:#}")),
        },
        Check::Binary => match binary::resolve(value) {
            Some(_) => Answer::There,
            None => Answer::Absent(format!("there is no program or library `{value}`")),
        },
        Check::Symbol => hooks.symbol(of.unwrap_or_default(), value).into(),
    }
}

/// `: did you mean a, b or c?`, or nothing.
pub(crate) fn near(value: &str, all: &[String]) -> String {
    let near = nearest(value, all.iter().map(String::as_str));
    did_you_mean(&near).map_or_else(String::new, |near| format!(": {near}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_asked() {
        assert_eq!(find(Check::Function, "vfs_read", None), Answer::There);
        let Answer::Absent(said) = find(Check::Function, "vfs_raed", None) else {
            panic!("it is there")
        };
        assert!(said.contains("vfs_read"), "{said}");

        assert_eq!(find(Check::Interface, "lo", None), Answer::There);
        let answer = find(Check::Interface, "../net/lo", None);
        assert!(matches!(answer, Answer::Absent(_)), "{answer:?}");
    }
}

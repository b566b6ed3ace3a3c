//! Checks whether the target of an app exists on this machine.

use bpfapps_explain::{did_you_mean, nearest};
use bpfapps_host::hooks::{self, Hooks};
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
        Check::Functions => hooks.functions_like(value).into(),
        Check::SystemCall => hooks.system_call(value).into(),
        Check::Interface => match interfaces::index(value) {
            Ok(_) => Answer::There,
            Err(err) => Answer::Absent(format!("{err:#}")),
        },
        Check::Binary => hooks.binary(value).into(),
        Check::Symbol => hooks.symbol(of.unwrap_or_default(), value).into(),
        Check::Probe => match value.split_once(':') {
            Some((provider, name)) => hooks.probe(of.unwrap_or_default(), provider, name).into(),
            None => Answer::Absent(format!("`{value}` is not of the form PROVIDER:NAME")),
        },
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

        let answer = find(Check::SystemCall, "opnat", None);
        assert!(!matches!(answer, Answer::There), "{answer:?}");

        assert_eq!(find(Check::Interface, "lo", None), Answer::There);
        let answer = find(Check::Interface, "../net/lo", None);
        assert!(matches!(answer, Answer::Absent(_)), "{answer:?}");

        let answer = find(Check::Probe, "throw", Some("libstdc++.so.6"));
        let reason = "`throw` is not of the form PROVIDER:NAME".to_owned();
        assert_eq!(answer, Answer::Absent(reason));
    }
}

//! Suggestions for a member that a struct lacks, from clang's code completion: it lists the members
//! at a place, whatever macros and headers led there.

use bpfapps_explain::{did_you_mean, nearest};

/// The first error about a missing member.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Missing<'a> {
    name: &'a str,
    ty: &'a str,
    /// As clang takes it: `FILE:LINE:COLUMN`.
    pub(crate) place: &'a str,
}

impl<'a> Missing<'a> {
    /// `a.bpf.c:11:22: error: no member named 'state' in 'struct task_struct'`
    pub(crate) fn first(diagnostics: &'a str) -> Option<Self> {
        diagnostics.lines().find_map(|line| {
            let (place, said) = line.split_once(": error: no member named '")?;
            let (name, said) = said.split_once("' in '")?;
            let (ty, _) = said.split_once('\'')?;
            Some(Self { name, ty, place })
        })
    }

    /// `completions`: a line `COMPLETION: name : type` for each member.
    pub(crate) fn hint(&self, completions: &str) -> Option<String> {
        let members = completions.lines().filter_map(|line| {
            let (name, _) = line.strip_prefix("COMPLETION: ")?.split_once(" : ")?;
            Some(name)
        });
        let Self { name, ty, .. } = self;
        let near = did_you_mean(&nearest(name, members))?;
        Some(format!("`{ty}` has no member `{name}`: {near}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_members_are_named() {
        let error = "a.c:1:2: warning: x\na.c:11:22: error: no member named 'state' in 'struct \
                     task_struct'; did you mean 'stats'?\n";
        let missing = Missing::first(error).expect("a missing member");
        assert_eq!(missing.place, "a.c:11:22");
        let members =
            "COMPLETION: __state : [#unsigned int#]__state\nCOMPLETION: pid : [#int#]pid\n";
        assert_eq!(
            missing.hint(members).as_deref(),
            Some("`struct task_struct` has no member `state`: did you mean __state?")
        );
        assert_eq!(missing.hint(""), None);
        assert_eq!(Missing::first("a.c:1:2: error: expected ';'"), None);
    }
}

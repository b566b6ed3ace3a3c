//! Enums of records: each enumerator has a name that people read.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use libbpf_rs::btf::types::Enum;
use libbpf_rs::btf::{BtfType, TypeId};

/// An enum that a record has.
#[derive(Debug)]
pub(crate) struct Enumeration {
    id: TypeId,
    pub(crate) rust_name: String,
    pub(crate) enumerators: Vec<Enumerator>,
}

/// A value of an enum.
#[derive(Debug)]
pub(crate) struct Enumerator {
    pub(crate) c_name: String,
    /// The shown name: lower case, without the prefix that all enumerators share.
    pub(crate) name: String,
    value: i64,
}

/// The enums of all records of an object.
#[derive(Debug, Default)]
pub(crate) struct Enums(Vec<Enumeration>);

impl Enums {
    /// Takes it in, and says how long its longest name is.
    pub(crate) fn add(&mut self, ty: BtfType<'_>) -> Result<usize> {
        if let Some(known) = self.get(ty) {
            return Ok(known.longest());
        }
        let rust_name = ty.name().and_then(|name| name.to_str());
        let rust_name = rust_name.context("an enum without a name: give it one")?;
        let members = Enum::try_from(ty).map_err(|_| anyhow::anyhow!("no enum"))?;
        let members: Vec<_> = members
            .iter()
            .filter_map(|member| Some((member.name?.to_str()?.to_owned(), member.value)))
            .collect();
        let names: Vec<_> = members.iter().map(|(name, _)| name.as_str()).collect();
        let prefix = prefix(&names, rust_name);
        let enumeration = Enumeration {
            id: ty.type_id(),
            rust_name: rust_name.to_owned(),
            enumerators: members
                .iter()
                .map(|(name, value)| Enumerator {
                    c_name: name.clone(),
                    name: name[prefix..].to_lowercase(),
                    value: *value,
                })
                .collect(),
        };
        let longest = enumeration.longest();
        self.0.push(enumeration);
        Ok(longest)
    }

    pub(crate) fn get(&self, ty: BtfType<'_>) -> Option<&Enumeration> {
        self.0.iter().find(|known| known.id == ty.type_id())
    }

    /// The Rust code that names each enumerator.
    pub(crate) fn code(&self) -> Result<String> {
        let mut code = String::new();
        for Enumeration {
            rust_name,
            enumerators,
            ..
        } in &self.0
        {
            writeln!(code, "\n    impl Named for types::{rust_name} {{")?;
            writeln!(
                code,
                "        const NAMES: &'static [(i64, &'static str)] = &["
            )?;
            for Enumerator { name, value, .. } in enumerators {
                writeln!(code, "            ({value}, {name:?}),")?;
            }
            code.push_str("        ];\n\n");
            code.push_str("        fn number(&self) -> i64 {\n            self.0.into()\n");
            code.push_str("        }\n    }\n");
        }
        Ok(code)
    }
}

impl Enumeration {
    pub(crate) fn longest(&self) -> usize {
        let lengths = self.enumerators.iter().map(|one| one.name.len());
        lengths.max().unwrap_or(0)
    }

    /// The error for a name that no enumerator has.
    pub(crate) fn has_no(&self, name: &str) -> String {
        let names: Vec<_> = self
            .enumerators
            .iter()
            .map(|one| one.c_name.as_str())
            .collect();
        let (of, names) = (&self.rust_name, names.join(", "));
        format!("enum {of} has no {name}: it has {names}")
    }
}

/// Length of the common prefix of all names, up to an underscore; for a single name, of the prefix
/// shared with its enum.
fn prefix(names: &[&str], of: &str) -> usize {
    let of = format!("{}_", of.to_uppercase());
    let [first, rest @ ..] = names else {
        return 0;
    };
    let rest = if rest.is_empty() {
        &[of.as_str()]
    } else {
        rest
    };
    let shared = rest.iter().fold(first.len(), |shared, name| {
        let same = first.bytes().zip(name.bytes()).take_while(|(a, b)| a == b);
        same.count().min(shared)
    });
    first[..shared].rfind('_').map_or(0, |last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::prefix;

    #[test]
    fn names_are_told_apart_by_what_they_do_not_share() {
        assert_eq!(prefix(&["OUTCOME_REFUSED", "OUTCOME_DONE"], "outcome"), 8);
        assert_eq!(prefix(&["VERDICT_PASS", "VERDICT_PASS_ON"], "verdict"), 8);
        assert_eq!(prefix(&["LOOKUP", "CONNECT"], "what"), 0);
        assert_eq!(prefix(&["KIND_CALL"], "kind"), 5);
        assert_eq!(prefix(&["CALL"], "kind"), 0);
    }
}

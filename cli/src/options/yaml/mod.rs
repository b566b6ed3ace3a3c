//! YAML, read and written: the only module that knows which crate does it.

mod walk;

use anyhow::{Context as _, Result};
use serde::Serialize;

use walk::Walk;

/// `value` as a document.
///
/// # Errors
///
/// It can't be expressed in YAML.
pub(crate) fn write<T: Serialize>(value: &T) -> Result<String> {
    serde_yaml::to_string(value).context("failed to write YAML")
}

/// A value in a document, and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// The value.
    pub value: Value,
    /// Number of nodes that begin before it.
    number: usize,
}

/// A value as it was written: `007` and `1.0` are texts like any other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing, `null` or `~`.
    Empty,
    /// A scalar.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Keys with their values, in the order of the text; a key may come again.
    Map(Vec<(Node, Node)>),
}

/// A mistake in a text, and its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// Counted from 1.
    pub line: usize,
    /// In lower case and without a full stop.
    pub what: String,
}

/// Reads a text of one document; without any, its value is [`Value::Empty`].
///
/// # Errors
///
/// It is no YAML, it holds several documents, or more than a configuration ever needs.
pub(crate) fn read(text: &str) -> Result<Node, Mistake> {
    // The first pass finds the scalars, so that the second can ask for their unchanged text.
    let mut shapes = Walk::default();
    shapes.document(text)?;
    Walk::of_texts(shapes).document(text)
}

/// The line in which `node` of `text` begins, counted from 1.
pub(crate) fn line(text: &str, node: &Node) -> usize {
    // The crate tells a place only in an error, so the pass stops there with one.
    let stop = Walk::to(node.number).document(text);
    stop.map_or_else(|stop| stop.line, |_| 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All scalars, each with its line.
    fn texts(text: &str) -> Vec<(usize, String)> {
        fn collect(text: &str, node: &Node, found: &mut Vec<(usize, String)>) {
            match &node.value {
                Value::Empty => found.push((line(text, node), "(empty)".into())),
                Value::Text(value) => found.push((line(text, node), value.clone())),
                Value::List(nodes) => nodes.iter().for_each(|node| collect(text, node, found)),
                Value::Map(nodes) => nodes.iter().for_each(|(key, value)| {
                    collect(text, key, found);
                    collect(text, value, found);
                }),
            }
        }
        let mut found = Vec::new();
        collect(text, &read(text).expect("YAML"), &mut found);
        found
    }

    fn refused(text: &str) -> (usize, String) {
        let mistake = read(text).expect_err("a mistake");
        (mistake.line, mistake.what)
    }

    #[test]
    fn values_are_as_they_were_written_and_know_their_line() {
        let text =
            "# first\na: 007\nb:\n  - 1.0\n  - True\n\n  - 0x10\n'c': ~\nd: \"x\\ny\"\na: .5\n";
        let expected = [
            (2, "a"),
            (2, "007"),
            (3, "b"),
            (4, "1.0"),
            (5, "True"),
            (7, "0x10"),
            (8, "c"),
            (8, "(empty)"),
            (9, "d"),
            (9, "x\ny"),
            (10, "a"),
            (10, ".5"),
        ];
        assert_eq!(
            texts(text),
            expected.map(|(line, text)| (line, text.into()))
        );
    }

    #[test]
    fn nothing_is_an_empty_value() {
        for text in ["", "\n# only a comment\n", "---\n", "~"] {
            assert_eq!(
                read(text).map(|node| node.value),
                Ok(Value::Empty),
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_is_no_yaml_is_refused_with_the_line() {
        assert_eq!(
            refused("a: 1\nb: c: 2\n"),
            (2, "mapping values are not allowed in this context".into())
        );
        assert_eq!(refused("a: 1\n---\nb: 2\n").0, 3);
        assert_eq!(refused("a: 1\nb: *none\n"), (2, "unknown anchor".into()));
        assert_eq!(refused("a:\n- !tag b\n").0, 2);
    }

    #[test]
    fn aliases_can_not_make_it_large() {
        let long = format!(
            "a: &a {}\nb: [{}]\n",
            "x".repeat(30_000),
            "*a,".repeat(9_000)
        );
        assert_eq!(refused(&long).1, "its values are too long");
        let many = format!(
            "a: &a [{}]\nb: [{}]\n",
            "1,".repeat(1_000),
            "*a,".repeat(1_000)
        );
        assert_eq!(refused(&many).1, "it holds too many values");
        assert_eq!(refused("a: &a [*a]\n").1, "it is nested too deeply");
        assert_eq!(refused(&"[".repeat(60_000)).1, "it is nested too deeply");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_in_one_of_its_lines(
            bytes in prop::collection::vec(any::<u8>(), 0..64),
            text in r#"([ab&*!:?\-,\[\]{}'"|>~#%0-9 \n]|: |- |---\n){0,48}"#,
        ) {
            for text in [String::from_utf8_lossy(&bytes).into_owned(), text] {
                let lines = text.lines().count().max(1);
                match read(&text) {
                    Ok(_) => for (line, _) in texts(&text) {
                        prop_assert!((1..=lines).contains(&line), "{line}: {text:?}");
                    },
                    Err(mistake) => {
                        prop_assert!((1..=lines).contains(&mistake.line), "{mistake:?}: {text:?}");
                        prop_assert!(!mistake.what.is_empty());
                    }
                }
            }
        }
    }
}

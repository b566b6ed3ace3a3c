use std::fmt;

use serde::Deserializer;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::{Mistake, Node, Value};

/// Maximum number of values in a text; an alias counts as what it refers to.
const MOST_NODES: usize = 10_000;

/// Maximum bytes in all values.
const MOST_BYTES: usize = 64 * 1024;

/// Deeper than anything that is configured here.
const DEEPEST: usize = 8;

/// A walk through all nodes of a document, in their order.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Which nodes are scalars, as far as a walk before has found out.
    scalars: Vec<bool>,
    /// The same for this pass.
    seen: Vec<bool>,
    bytes: usize,
    depth: usize,
    /// The node at which to fail.
    stop: Option<usize>,
    /// Why it failed, where that is for a reason of our own.
    refused: Option<&'static str>,
}

impl Walk {
    /// A pass that takes the text of each scalar found by `shapes`.
    pub(super) fn of_texts(shapes: Self) -> Self {
        Self {
            scalars: shapes.seen,
            ..Self::default()
        }
    }

    /// One that ends with a mistake at that node.
    pub(super) fn to(number: usize) -> Self {
        Self {
            stop: Some(number),
            ..Self::default()
        }
    }

    pub(super) fn document(&mut self, text: &str) -> Result<Node, Mistake> {
        let mut documents = serde_yaml::Deserializer::from_str(text);
        let Some(first) = documents.next() else {
            return Ok(Node {
                value: Value::Empty,
                number: 0,
            });
        };
        let node = self
            .deserialize(first)
            .map_err(|err| self.mistake(text, &err))?;
        let Some(second) = documents.next() else {
            return Ok(node);
        };
        let mut here = Self::to(0);
        here.refused = Some("a second document begins here, and there is to be one only");
        here.deserialize(second)
            .map_err(|err| here.mistake(text, &err))
    }

    fn mistake(&self, text: &str, err: &serde_yaml::Error) -> Mistake {
        let location = err.location();
        let (line, column) = location.map_or((1, 1), |at| (at.line(), at.column()));
        let what = match self.refused {
            Some(why) => why.to_owned(),
            None => err
                .to_string()
                .replacen(&format!(" at line {line} column {column}"), "", 1),
        };
        // The end of a text may count as a line of its own.
        let line = line.min(text.lines().count()).max(1);
        Mistake { line, what }
    }

    fn refuse<E: de::Error>(&mut self, why: &'static str) -> E {
        self.refused = Some(why);
        E::custom(why)
    }

    /// Begins a node: its number.
    fn begin<E: de::Error>(&mut self, scalar: bool) -> Result<usize, E> {
        let number = self.seen.len();
        if self.stop == Some(number) {
            return Err(E::custom("here"));
        }
        if number == MOST_NODES {
            return Err(self.refuse("it holds too many values"));
        }
        self.seen.push(scalar);
        Ok(number)
    }

    fn text<E: de::Error>(&mut self, text: &str) -> Result<Node, E> {
        let number = self.begin(true)?;
        self.bytes += text.len();
        if self.bytes > MOST_BYTES {
            return Err(self.refuse("its values are too long"));
        }
        Ok(Node {
            value: Value::Text(text.into()),
            number,
        })
    }

    fn deeper<E: de::Error, T>(
        &mut self,
        inside: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        if self.depth == DEEPEST {
            return Err(self.refuse("it is nested too deeply"));
        }
        self.depth += 1;
        let result = inside(self);
        self.depth -= 1;
        result
    }
}

impl<'de> DeserializeSeed<'de> for &mut Walk {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        match self.scalars.get(self.seen.len()) {
            Some(true) => deserializer.deserialize_str(self),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for &mut Walk {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map, a list or a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        let number = self.begin(false)?;
        Ok(Node {
            value: Value::Empty,
            number,
        })
    }

    fn visit_none<E: de::Error>(self) -> Result<Node, E> {
        self.visit_unit()
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Node, E> {
        self.text(text)
    }

    // The second pass takes the text of this scalar.
    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Node, E> {
        self.text("")
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Node, E> {
        self.text("")
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Node, E> {
        self.text("")
    }

    fn visit_i128<E: de::Error>(self, _: i128) -> Result<Node, E> {
        self.text("")
    }

    fn visit_u128<E: de::Error>(self, _: u128) -> Result<Node, E> {
        self.text("")
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Node, E> {
        self.text("")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let number = self.begin(false)?;
        self.deeper(|walk| {
            let mut nodes = Vec::new();
            while let Some(node) = list.next_element_seed(&mut *walk)? {
                nodes.push(node);
            }
            Ok(Node {
                value: Value::List(nodes),
                number,
            })
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let number = self.begin(false)?;
        self.deeper(|walk| {
            let mut nodes = Vec::new();
            while let Some(key) = map.next_key_seed(&mut *walk)? {
                nodes.push((key, map.next_value_seed(&mut *walk)?));
            }
            Ok(Node {
                value: Value::Map(nodes),
                number,
            })
        })
    }

    fn visit_enum<A: de::EnumAccess<'de>>(self, _: A) -> Result<Node, A::Error> {
        Err(self.refuse("a tag such as `!name` means nothing here"))
    }
}

//! Reads fields of an event's document.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

/// The values of these fields; one that is missing is null.
pub(super) fn pick<'a>(document: &[u8], names: impl Iterator<Item = &'a str>) -> Vec<Value> {
    let mut picked: Vec<_> = names.map(|name| (name, Value::Null)).collect();
    let mut document = serde_json::Deserializer::from_slice(document);
    // it was made a moment ago: it is JSON
    let _ = document.deserialize_map(Picked(&mut picked));
    picked.into_iter().map(|(_, value)| value).collect()
}

struct Picked<'p, 'a>(&'p mut [(&'a str, Value)]);

impl<'de> Visitor<'de> for Picked<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<&str>()? {
            match self.0.iter_mut().find(|(wanted, _)| *wanted == name) {
                Some((_, value)) => *value = map.next_value()?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_among_others() {
        let document = br#"{"type":"exit","args":["a",{"comm":1}],"comm":"a\"b","pid":7}"#;
        let picked = pick(document, ["pid", "comm", "none"].into_iter());
        assert_eq!(picked, [Value::from(7), "a\"b".into(), Value::Null]);
    }
}

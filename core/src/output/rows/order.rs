use std::cmp::Ordering;

use anyhow::{Result, bail};

use super::{Columns, Look, Row};
use crate::output::clock::Clock;
use crate::output::{Field, Kind, Line};

/// What a list is sorted by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Order {
    /// A field of the rows' documents.
    Field(String),
    /// A column without such a field.
    Column(usize),
}

impl Order {
    /// `wanted` is a field, or the title of a column.
    ///
    /// # Errors
    ///
    /// There is neither.
    pub(crate) fn by<R: Row>(wanted: &str) -> Result<Self> {
        let fields = R::DOCUMENTS.iter().flat_map(|document| document.fields);
        let (any, named): (Vec<&Field>, Vec<&Field>) =
            fields.partition(|field| matches!(field.kind, Kind::Any | Kind::Histogram(_)));
        let names = named.iter().map(|field| field.name).chain(["type", "time"]);
        let is_wanted = |name: &str| name.eq_ignore_ascii_case(wanted);
        let mut histograms = any.iter().filter(|field| field.kind != Kind::Any);
        if let Some(field) = histograms.find(|field| is_wanted(field.name)) {
            return Ok(Self::Field(format!("{}_sum", field.name)));
        }
        if let Some(name) = names.clone().find(|name| is_wanted(name)) {
            return Ok(Self::Field(name.to_owned()));
        }
        if let Some(index) = R::COLUMNS.iter().position(|(title, _)| is_wanted(title)) {
            return Ok(Self::Column(index));
        }
        if any.iter().any(|field| wanted.starts_with(field.name)) {
            return Ok(Self::Field(wanted.to_owned()));
        }
        let mut known: Vec<_> = Vec::new();
        for name in names.chain(R::COLUMNS.iter().map(|(title, _)| *title)) {
            if !known.iter().any(|it: &&str| it.eq_ignore_ascii_case(name)) {
                known.push(name);
            }
        }
        let known = known.join(", ");
        bail!("failed to sort by `{wanted}`: the fields are {known}")
    }

    /// The place of a row whose JSON is `document`.
    pub(super) fn key<R: Row>(&self, row: &R, document: &[u8], clock: &mut Clock) -> Key {
        match self {
            Self::Field(name) => Key::of_field(name, document),
            Self::Column(index) => {
                let mut out = Vec::new();
                // the last column of a shorter table: nothing is added to its text
                let columns: Columns = &R::COLUMNS[..=*index];
                let mut line = Line::new(&mut out, columns, clock, Look::default());
                row.write(&mut line);
                Key::of_column(line.last_column())
            }
        }
    }
}

/// The place of a row in a sorted list: large numbers come first, then text in the order of the
/// alphabet, then rows without the field.
#[derive(Debug, PartialEq)]
pub(super) enum Key {
    Number(f64),
    Text(Vec<u8>),
    Missing,
}

impl Key {
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => other.total_cmp(one),
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Number(_) => 0,
            Self::Text(_) => 1,
            Self::Missing => 2,
        }
    }

    /// Quotes in a string of JSON are escaped: `"name":` is only found where the field is.
    fn of_field(name: &str, document: &[u8]) -> Self {
        let name = format!("\"{name}\":");
        let at = |from: &usize| document[*from..].starts_with(name.as_bytes());
        let begins = |from: &usize| *from > 0 && b"{,".contains(&document[*from - 1]);
        let Some(start) = (0..document.len()).find(|from| begins(from) && at(from)) else {
            return Self::Missing;
        };
        let value = &document[start + name.len()..];
        let (value, end): (_, &[u8]) = match value.split_first() {
            Some((b'"', text)) => (text, b"\""),
            Some((b'[', list)) => (list, b"]"),
            _ => (value, b",}"),
        };
        let is_end =
            |at: &usize| end.contains(&value[*at]) && (*at == 0 || value[*at - 1] != b'\\');
        let length = (0..value.len()).find(is_end).unwrap_or(value.len());
        let value = &value[..length];
        match value {
            b"true" if end.len() > 1 => Self::Number(1.0),
            b"false" if end.len() > 1 => Self::Number(0.0),
            _ if end.len() > 1 => number(value).map_or(Self::Missing, Self::Number),
            _ => Self::Text(value.to_vec()),
        }
    }

    /// A number may have a unit of [`Bytes`](crate::output::values::Bytes), or be a percentage.
    fn of_column(text: &[u8]) -> Self {
        let (rest, unit) = match text.split_last() {
            Some((b'%', rest)) => (rest, 0),
            Some((last, rest)) => match b"KMGTPE".iter().position(|unit| unit == last) {
                Some(index) => (rest, index as i32 + 1),
                None => (text, 0),
            },
            None => return Self::Missing,
        };
        match number(rest) {
            Some(number) => Self::Number(number * 1024_f64.powi(unit)),
            None if text == b"-" => Self::Missing,
            None => Self::Text(text.to_vec()),
        }
    }
}

/// Without the words that Rust takes for numbers, such as `inf`.
fn number(text: &[u8]) -> Option<f64> {
    let is_plain = text.iter().all(|byte| b"-.0123456789".contains(byte));
    str::from_utf8(text).ok().filter(|_| is_plain)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Document, Fields, Format, sample};

    struct Sample(&'static str, u64);

    impl Row for Sample {
        const COLUMNS: Columns = &[("NAME", 4), ("SIZE", 4), ("COUNT", 0)];
        const DOCUMENTS: &'static [Document] = &[Document {
            kind: "sample",
            about: "",
            fields: &[Field::text("name", ""), Field::number("count", "")],
        }];

        fn write(&self, line: &mut Line<'_>) {
            line.text(self.0.as_bytes());
            line.parts(|out| out.extend_from_slice(b"1.5K"));
            line.number(self.1);
        }

        fn fields(&self, fields: &mut Fields<'_>) {
            fields.text("name", self.0.as_bytes());
            fields.number("count", self.1);
        }
    }

    fn key(by: &str, row: &Sample) -> Result<Key> {
        let document = sample(row, Format::Json);
        let order = Order::by::<Sample>(by)?;
        Ok(order.key(row, document.as_bytes(), &mut Clock::of_1970()))
    }

    #[test]
    fn fields_and_titles_are_found() -> Result<()> {
        let row = Sample("a b", 7);
        assert_eq!(key("name", &row)?, Key::Text(b"a b".to_vec()));
        assert_eq!(key("Count", &row)?, Key::Number(7.0));
        assert_eq!(key("size", &row)?, Key::Number(1536.0));
        assert_eq!(key("time", &row)?, Key::Missing);
        let error = key("weight", &row).map_err(|err| err.to_string());
        let names = "name, count, type, time, SIZE";
        let said = format!("failed to sort by `weight`: the fields are {names}");
        assert_eq!(error, Err(said));
        Ok(())
    }

    #[test]
    fn text_cannot_pretend_to_be_a_field() -> Result<()> {
        let row = Sample("x,\"count\":99,\\", 7);
        assert_eq!(key("count", &row)?, Key::Number(7.0));
        Ok(())
    }

    #[test]
    fn large_numbers_come_first_and_missing_ones_last() {
        let column = |text: &&str| Key::of_column(text.as_bytes());
        let mut shown = ["b", "-", "2", "1.5K", "-3", "a", "12.5%", "900"];
        shown.sort_by(|one, other| column(one).compare(&column(other)));
        assert_eq!(shown, ["1.5K", "900", "12.5%", "2", "-3", "a", "b", "-"]);
    }
}

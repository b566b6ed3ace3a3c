//! A reader of pprof's files that shares nothing with the writer.

use std::collections::HashMap;
use std::io::Read as _;

use anyhow::{Context as _, Result, ensure};
use flate2::read::GzDecoder;

/// A field of a message: a number, or bytes.
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    fn bytes(&self) -> Result<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Number(number) => anyhow::bail!("{number} in place of bytes"),
        }
    }

    /// A number, or packed ones.
    fn numbers(&self) -> Result<Vec<u64>> {
        match *self {
            Self::Number(number) => Ok(vec![number]),
            Self::Bytes(mut bytes) => {
                let mut numbers = Vec::new();
                while !bytes.is_empty() {
                    numbers.push(varint(&mut bytes)?);
                }
                Ok(numbers)
            }
        }
    }
}

fn varint(bytes: &mut &[u8]) -> Result<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first().context("a number is cut off")?;
        *bytes = rest;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Ok(number);
        }
    }
    anyhow::bail!("a number is too long")
}

fn message(mut bytes: &[u8]) -> Result<Vec<(u64, Field<'_>)>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut bytes)?),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?)?;
                let (field, rest) = bytes.split_at_checked(length).context("cut off")?;
                bytes = rest;
                Field::Bytes(field)
            }
            kind => anyhow::bail!("wire type {kind}"),
        };
        fields.push((tag >> 3, field));
    }
    Ok(fields)
}

/// All numbers of the field with this number.
fn all(bytes: &[u8], wanted: u64) -> Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for (number, field) in message(bytes)? {
        if number == wanted {
            numbers.extend(field.numbers()?);
        }
    }
    Ok(numbers)
}

fn one(bytes: &[u8], wanted: u64) -> Result<u64> {
    Ok(all(bytes, wanted)?.first().copied().unwrap_or(0))
}

/// What a file says.
pub(crate) struct Profile {
    pub(crate) strings: Vec<String>,
    /// Types of values with their units.
    pub(crate) values: Vec<String>,
    /// The names of functions by location.
    locations: HashMap<u64, Vec<String>>,
    /// Locations and values.
    samples: Vec<(Vec<u64>, Vec<u64>)>,
}

impl Profile {
    pub(crate) fn read(file: &[u8]) -> Result<Self> {
        let mut bytes = Vec::new();
        GzDecoder::new(file).read_to_end(&mut bytes)?;
        let fields = message(&bytes)?;
        let of = |wanted| {
            let fields = fields.iter().filter(move |field| field.0 == wanted);
            fields.map(|(_, field)| field.bytes())
        };
        let strings: Vec<_> = of(6)
            .map(|bytes| Ok(String::from_utf8(bytes?.to_vec())?))
            .collect::<Result<_>>()?;
        ensure!(strings[0].is_empty(), "the first string is not empty");
        let string = |number: u64| -> Result<String> {
            let text = strings.get(usize::try_from(number)?);
            text.cloned().context("no such string")
        };
        let mut values = Vec::new();
        for bytes in of(1) {
            let bytes = bytes?;
            values.push([one(bytes, 1)?, one(bytes, 2)?].map(string));
        }
        let values = values
            .into_iter()
            .map(|[name, unit]| Ok(format!("{} {}", name?, unit?)));
        let values = values.collect::<Result<_>>()?;
        let mut functions = HashMap::new();
        for bytes in of(5) {
            let bytes = bytes?;
            functions.insert(one(bytes, 1)?, string(one(bytes, 2)?)?);
        }
        let mut locations = HashMap::new();
        for bytes in of(4) {
            let bytes = bytes?;
            let mut names = Vec::new();
            for (number, line) in message(bytes)? {
                if number == 4 {
                    let function = one(line.bytes()?, 1)?;
                    let name = functions.get(&function).context("no such function")?;
                    names.push(name.clone());
                }
            }
            locations.insert(one(bytes, 1)?, names);
        }
        let sample = |bytes: Result<_>| {
            let bytes = bytes?;
            Ok((all(bytes, 1)?, all(bytes, 2)?))
        };
        let samples = of(2).map(sample);
        let samples = samples.collect::<Result<_>>()?;
        Ok(Self {
            strings,
            values,
            locations,
            samples,
        })
    }

    /// Samples whose innermost function that is.
    pub(crate) fn samples_in(&self, function: &str) -> Result<u64> {
        let mut count = 0;
        for (locations, values) in &self.samples {
            let innermost = locations.first().context("an empty stack")?;
            let names = self.locations.get(innermost).context("no such location")?;
            if names.first().is_some_and(|name| name == function) {
                count += values[0];
            }
        }
        Ok(count)
    }
}

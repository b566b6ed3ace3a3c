//! BTF of chosen types.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::Btf;
use crate::ext::word;
use crate::types::{Kind, MAGIC, Type};

const VERSION: u8 = 1;

/// Size of the header, in bytes.
const HEADER: u32 = 24;

/// The bits of a type's information that count its entries.
const COUNT: u32 = 0xffff;

struct Writer<'b, 'a> {
    btf: &'b Btf<'a>,
    /// The new numbers of the types; others become `void`.
    numbers: HashMap<u32, u32>,
    types: Vec<u8>,
    names: Vec<u8>,
    places: HashMap<&'a str, u32>,
}

/// Writes these types with these members and enumerators.
pub(crate) fn btf(btf: &Btf<'_>, kept: &BTreeMap<u32, BTreeSet<usize>>) -> Vec<u8> {
    let mut writer = Writer {
        btf,
        numbers: kept.keys().copied().zip(1..).collect(),
        types: Vec::new(),
        names: vec![0],
        places: HashMap::new(),
    };
    for (&id, entries) in kept {
        if let Some(ty) = btf.get(id) {
            writer.write(&ty, entries);
        }
    }
    writer.finish()
}

impl Writer<'_, '_> {
    fn write(&mut self, ty: &Type<'_>, entries: &BTreeSet<usize>) {
        let is_part = ty.kind.is_composite() || ty.kind.is_enum();
        let count = match is_part {
            true => u32::try_from(entries.len()).unwrap_or(COUNT),
            false => ty.info & COUNT,
        };
        self.name(ty.name);
        self.word(ty.info & !COUNT | count);
        match ty.kind {
            Kind::Int | Kind::Float | Kind::Struct | Kind::Union | Kind::Enum | Kind::Enum64 => {
                self.word(ty.size_or_type);
            }
            // it has no type
            Kind::Forward => self.word(0),
            _ => self.number(ty.size_or_type),
        }
        if let Some(array) = ty.array() {
            self.number(array.element);
            self.number(array.index);
            self.word(array.count);
        } else if ty.entry().is_some() {
            for (at, entry) in ty.entries().enumerate() {
                if !is_part || entries.contains(&at) {
                    self.entry(ty.kind, entry);
                }
            }
        } else {
            self.types.extend(ty.rest);
        }
    }

    /// A member, a parameter (name and type) or an enumerator (a name).
    fn entry(&mut self, kind: Kind, entry: &[u8]) {
        let field = |at| word(entry, at).unwrap_or_default();
        self.name(field(0));
        let done = if kind.is_enum() {
            4
        } else {
            self.number(field(4));
            8
        };
        self.types.extend(&entry[done..]);
    }

    fn word(&mut self, word: u32) {
        self.types.extend(word.to_ne_bytes());
    }

    fn number(&mut self, id: u32) {
        self.word(self.numbers.get(&id).copied().unwrap_or(0));
    }

    fn name(&mut self, offset: u32) {
        let name = self.btf.name(offset);
        let end = self.names.len();
        let place = *self.places.entry(name).or_insert_with(|| {
            if name.is_empty() {
                return 0;
            }
            self.names.extend(name.as_bytes());
            self.names.push(0);
            u32::try_from(end).unwrap_or(0)
        });
        self.word(place);
    }

    fn finish(self) -> Vec<u8> {
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let (types, names) = (length(&self.types), length(&self.names));
        let mut bytes = MAGIC.to_ne_bytes().to_vec();
        bytes.extend([VERSION, 0]);
        for word in [HEADER, 0, types, types, names] {
            bytes.extend(word.to_ne_bytes());
        }
        bytes.extend(self.types);
        bytes.extend(self.names);
        bytes
    }
}

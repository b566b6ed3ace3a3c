//! The functions in BTF. Of each type only its kind and its name are read.

use std::iter;

use memchr::memchr;
use memchr::memmem::Finder;

const MAGIC: u16 = 0xeb9f;
const FUNCTION: u32 = 12;

/// Size of the part that all types have, in bytes.
const COMMON: usize = 12;

/// The types and names of a kernel, or of a module, whose names continue those of its kernel.
pub(super) struct Types<'a> {
    types: &'a [u8],
    names: &'a [u8],
    base: &'a [u8],
}

impl<'a> Types<'a> {
    /// `None` if it is no BTF of this machine's byte order.
    pub(super) fn of(file: &'a [u8], base: Option<&'a [u8]>) -> Option<Self> {
        let (types, names) = parts(file)?;
        let base = base.and_then(parts).map_or(&[][..], |(_, names)| names);
        Some(Self { types, names, base })
    }

    pub(super) fn functions(self) -> impl Iterator<Item = &'a str> {
        let (names, base) = (self.names, self.base);
        self.offsets().filter_map(move |offset| {
            let rest = match offset.checked_sub(base.len()) {
                Some(own) => names.get(own..)?,
                None => base.get(offset..)?,
            };
            str::from_utf8(&rest[..memchr(0, rest)?]).ok()
        })
    }

    pub(super) fn has_function(self, name: &str) -> bool {
        let whole = ["\0", name, "\0"].concat();
        let finder = Finder::new(&whole);
        let own = finder.find(self.names).map(|at| at + self.base.len());
        // a name is there once
        let Some(offset) = finder.find(self.base).or(own).map(|at| at + 1) else {
            return false;
        };
        self.offsets().any(|it| it == offset)
    }

    /// Where the names of functions begin.
    fn offsets(self) -> impl Iterator<Item = usize> {
        let mut rest = self.types;
        iter::from_fn(move || {
            loop {
                let (name, info) = (word(rest, 0)?, word(rest, 4)?);
                let (kind, count) = ((info >> 24) & 0x1f, (info & 0xffff) as usize);
                let more = match kind {
                    // integers, variables, tags of declarations
                    1 | 14 | 17 => 4,
                    // arrays
                    3 => 12,
                    // structs, unions, sections, enums of 64 bits
                    4 | 5 | 15 | 19 => 12 * count,
                    // enums, prototypes
                    6 | 13 => 8 * count,
                    _ => 0,
                };
                rest = rest.get(COMMON + more..)?;
                if kind == FUNCTION {
                    return Some(name as usize);
                }
            }
        })
    }
}

/// The types and the names.
fn parts(file: &[u8]) -> Option<(&[u8], &[u8])> {
    let magic = u16::from_ne_bytes(*file.first_chunk()?);
    let content = file.get(word(file, 4)? as usize..)?;
    let part = |at| {
        let (begin, length) = (word(file, at)? as usize, word(file, at + 4)? as usize);
        content.get(begin..begin.checked_add(length)?)
    };
    (magic == MAGIC).then_some((part(8)?, part(16)?))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// BTF with these types and names.
    fn btf(types: &[u32], names: &[u8]) -> Vec<u8> {
        let types: Vec<u8> = types.iter().flat_map(|it| it.to_ne_bytes()).collect();
        let header = [24, 0, types.len(), types.len(), names.len()];
        let header = header.into_iter().flat_map(|it| (it as u32).to_ne_bytes());
        let magic = [&MAGIC.to_ne_bytes()[..], &[1, 0]].concat();
        let parts = [magic, header.collect(), types, names.to_vec()];
        parts.concat()
    }

    #[test]
    fn functions_are_told_from_other_types_of_their_name() {
        let (integer, pair, function) = (1 << 24, (4 << 24) | 2, 12 << 24);
        let kernel = btf(
            &[
                1, integer, 4, 32, // int
                5, pair, 8, 9, 1, 0, 9, 1, 32, // struct pair, with two members
                10, function, 1, // vfs_read
            ],
            b"\0int\0pair\0vfs_read\0",
        );
        // the first name is of the kernel, the second its own
        let own = 19 + 1;
        let module = btf(&[5, function, 1, own, function, 1], b"\0mine\0");

        let kernel = || Types::of(&kernel, None).expect("BTF");
        let module_of = |base| Types::of(&module, base).expect("BTF");
        assert_eq!(kernel().functions().collect::<Vec<_>>(), ["vfs_read"]);
        assert!(kernel().has_function("vfs_read"));
        for other in ["pair", "int", "vfs_rea", "mine", ""] {
            assert!(!kernel().has_function(other), "{other}");
        }
        let base = btf(&[], b"\0int\0pair\0vfs_read\0");
        let base = Some(&*base);
        let all: Vec<_> = module_of(base).functions().collect();
        assert_eq!(all, ["pair", "mine"]);
        assert!(module_of(base).has_function("pair") && module_of(base).has_function("mine"));
        assert!(!module_of(base).has_function("vfs_read"));
    }

    #[test]
    fn what_is_damaged_has_no_functions() {
        let file = btf(&[1, 12 << 24, 1, 1], b"\0f\0");
        for end in 0..file.len() {
            if let Some(types) = Types::of(&file[..end], None) {
                types.functions().for_each(drop);
            }
        }
        assert!(Types::of(b"\x7fELF", None).is_none());
        assert!(Types::of(&[], None).is_none());
    }
}

//! The parts of an ELF file that name functions.

use std::path::{Path, PathBuf};
use std::str;

use object::elf::{DT_NEEDED, PF_X, PT_LOAD, STB_LOCAL, STT_FUNC, STT_GNU_IFUNC};
use object::read::elf::{ElfFile, FileHeader, ProgramHeader as _, Sym as _};
use object::{
    Object as _, ObjectSection as _, ObjectSymbol as _, ObjectSymbolTable as _, RelocationFlags,
    RelocationTarget,
};

use super::names;

/// Where packages with debugging symbols put them.
const DEBUG_FILES: &str = "/usr/lib/debug/.build-id";

/// Relocations whose value is that of a function which chooses: by architecture.
const IRELATIVE: u32 = if cfg!(target_arch = "aarch64") {
    1032
} else {
    37
};

/// An ELF file.
pub(super) struct Elf<'data> {
    file: object::File<'data>,
    /// The functions that it defines, in both tables of symbols.
    pub(super) functions: Vec<Symbol<'data>>,
    /// The symbols that it takes from others.
    pub(super) imports: Vec<Import<'data>>,
    /// The libraries that it names.
    pub(super) needed: Vec<&'data str>,
    /// False if it has only the symbols for the dynamic linker.
    pub(super) has_symtab: bool,
    segments: Vec<Segment>,
}

/// A function.
#[derive(Clone, Debug)]
pub(super) struct Symbol<'data> {
    pub(super) name: &'data str,
    pub(super) version: Option<&'data str>,
    /// True if new programs get another version.
    pub(super) is_old: bool,
    pub(super) is_global: bool,
    /// True if it returns the address of the function that has its name.
    pub(super) is_ifunc: bool,
    pub(super) address: u64,
    /// In bytes.
    pub(super) size: u64,
}

/// A symbol of another file.
pub(super) struct Import<'data> {
    pub(super) name: &'data str,
    /// The library, if the symbol has a version.
    pub(super) library: Option<&'data str>,
}

struct Segment {
    address: u64,
    offset: u64,
    size: u64,
    is_code: bool,
}

impl Symbol<'_> {
    /// Its whole name: demangled with parameters, and the version.
    pub(super) fn shown(&self) -> String {
        let name = names::full(self.name).unwrap_or_else(|| self.name.to_owned());
        match self.version {
            Some(version) if self.is_old => format!("{name}@{version}"),
            Some(version) => format!("{name}@@{version}"),
            None => name,
        }
    }

    /// The name without parameters.
    pub(super) fn plain(&self) -> String {
        names::plain(self.name).unwrap_or_else(|| self.name.to_owned())
    }
}

impl<'data> Elf<'data> {
    pub(super) fn parse(bytes: &'data [u8]) -> Option<Self> {
        let mut elf = Self {
            file: object::File::parse(bytes).ok()?,
            functions: Vec::new(),
            imports: Vec::new(),
            needed: Vec::new(),
            has_symtab: false,
            segments: Vec::new(),
        };
        match object::File::parse(bytes).ok()? {
            object::File::Elf64(file) => elf.read(&file),
            object::File::Elf32(file) => elf.read(&file),
            _ => return None,
        }
        Some(elf)
    }

    fn read<H: FileHeader<Endian = object::Endianness>>(&mut self, elf: &ElfFile<'data, H>) {
        let endian = elf.endian();
        for header in elf.elf_program_headers() {
            if header.p_type(endian) == PT_LOAD {
                self.segments.push(Segment {
                    address: header.p_vaddr(endian).into(),
                    offset: header.p_offset(endian).into(),
                    size: header.p_filesz(endian).into(),
                    is_code: header.p_flags(endian).0 & PF_X.0 != 0,
                });
            }
        }
        let text = |bytes: &'data [u8]| str::from_utf8(bytes).ok();
        let table = elf.elf_symbol_table();
        self.has_symtab = !table.is_empty();
        for symbol in table.iter() {
            let name = table.symbol_name(endian, symbol).ok().and_then(text);
            if let Some(name) = name {
                let (name, version, is_old) = names::versioned(name);
                self.add::<H>(endian, symbol, name, version, is_old);
            }
        }
        let table = elf.elf_dynamic_symbol_table();
        let versions = elf.elf_section_table().versions(endian, elf.data());
        let versions = versions.ok().flatten();
        for (index, symbol) in table.enumerate() {
            let name = table.symbol_name(endian, symbol).ok().and_then(text);
            let Some(name) = name.filter(|name| !name.is_empty()) else {
                continue;
            };
            let place = versions
                .as_ref()
                .map(|all| all.version_index(endian, index));
            let is_old = place.is_some_and(|place| place.is_hidden());
            let version = versions.as_ref().zip(place);
            let version = version.and_then(|(all, place)| all.version(place.index()).ok()?);
            if symbol.is_undefined(endian) {
                let library = version.and_then(|version| text(version.file()?));
                self.imports.push(Import { name, library });
            } else {
                let version = version.and_then(|version| text(version.name()));
                self.add::<H>(endian, symbol, name, version, is_old);
            }
        }
        if let Ok(table) = elf.elf_dynamic_table() {
            let needed = table.iter().filter(|entry| entry.tag == DT_NEEDED);
            let names = needed.filter_map(|entry| text(table.string(entry).ok()?));
            self.needed.extend(names);
        }
    }

    fn add<H: FileHeader<Endian = object::Endianness>>(
        &mut self,
        endian: object::Endianness,
        symbol: &H::Sym,
        name: &'data str,
        version: Option<&'data str>,
        is_old: bool,
    ) {
        let kind = symbol.st_type();
        let is_function = kind == STT_FUNC || kind == STT_GNU_IFUNC;
        if is_function && !symbol.is_undefined(endian) {
            self.functions.push(Symbol {
                name,
                version,
                is_old,
                is_global: symbol.st_bind() != STB_LOCAL,
                is_ifunc: kind == STT_GNU_IFUNC,
                address: symbol.st_value(endian).into(),
                size: symbol.st_size(endian).into(),
            });
        }
    }

    /// The offset in the file of an address in its code.
    pub(super) fn code_at(&self, address: u64) -> Option<u64> {
        let mut code = self.segments.iter().filter(|segment| segment.is_code);
        code.find_map(|segment| {
            let inside = address.checked_sub(segment.address)?;
            (inside < segment.size).then_some(segment.offset + inside)
        })
    }

    /// False if a function does not begin at that address.
    pub(super) fn is_start(&self, address: u64) -> bool {
        let mut functions = self.functions.iter();
        functions.any(|symbol| symbol.address == address)
            || match self.starts() {
                Some(starts) => starts.contains(&address),
                // sizes in a file can be anything
                None => !self.functions.iter().any(|symbol| {
                    let inside = address.checked_sub(symbol.address);
                    inside.is_some_and(|inside| inside < symbol.size)
                }),
            }
    }

    /// The starts of all functions, from the table for exceptions, which no `strip` removes: the
    /// section begins with a version and three encodings, here those that every linker writes, and
    /// its entries are distances from its own address.
    pub(super) fn starts(&self) -> Option<Vec<u64>> {
        let section = self.file.section_by_name(".eh_frame_hdr")?;
        let (head, entries) = section.data().ok()?.split_at_checked(12)?;
        if !head.starts_with(&[1, 0x1b, 0x03, 0x3b]) {
            return None;
        }
        let starts = entries.chunks_exact(8).filter_map(|entry| {
            let distance = i32::from_le_bytes(entry.get(..4)?.try_into().ok()?);
            section.address().checked_add_signed(distance.into())
        });
        Some(starts.collect())
    }

    /// The address of an offset in the file.
    pub(super) fn address_of(&self, offset: u64) -> Option<u64> {
        self.segments.iter().find_map(|segment| {
            let inside = offset.checked_sub(segment.offset)?;
            (inside < segment.size).then_some(segment.address + inside)
        })
    }

    /// The addresses at which the dynamic linker stores that of a function: that which `resolver`
    /// returns, or one of that name.
    pub(super) fn slots(&self, name: &str, resolver: Option<u64>) -> Vec<u64> {
        let symbols = self.file.dynamic_symbol_table();
        let relocations = self.file.dynamic_relocations().into_iter().flatten();
        let is_its = |relocation: &object::Relocation| match relocation.target() {
            RelocationTarget::Symbol(index) => symbols
                .as_ref()
                .and_then(|all| all.symbol_by_index(index).ok()?.name().ok())
                .is_some_and(|found| found == name),
            _ => {
                let addend = u64::try_from(relocation.addend()).ok();
                let RelocationFlags::Elf { r_type } = relocation.flags() else {
                    return false;
                };
                r_type.0 == IRELATIVE && resolver.is_some() && addend == resolver
            }
        };
        let slots = relocations.filter(|(_, relocation)| is_its(relocation));
        slots.map(|(address, _)| address).collect()
    }

    /// The size of an address, in bytes.
    pub(super) fn word(&self) -> usize {
        if self.file.is_64() { 8 } else { 4 }
    }

    /// The path of the file with its debugging symbols, if a package has it.
    pub(super) fn debug_file_name(&self) -> Option<PathBuf> {
        let id = self.file.build_id().ok()??;
        let (first, rest) = id.split_first()?;
        let rest: String = rest.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(Path::new(DEBUG_FILES).join(format!("{first:02x}/{rest}.debug")))
    }

    /// The same, if it is installed.
    pub(super) fn debug_file(&self) -> Option<PathBuf> {
        self.debug_file_name().filter(|file| file.is_file())
    }
}

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use bpfapps_btf::ext::word;
use object::read::elf::ElfFile64;
use object::{
    NativeEndian, Object as _, ObjectSection as _, ObjectSymbol as _, RelocationTarget,
    SectionIndex, SymbolIndex, SymbolKind,
};

/// Size of an instruction, in bytes.
pub(super) const INSTRUCTION: u64 = 8;

/// Opcode of a call; its source register says what it calls.
pub(super) const CALL: u8 = 0x85;
const OF_HELPER: u8 = 0;
const OF_BPF: u8 = 1;

/// Opcode that loads an address.
const ADDRESS: u8 = 0x18;

/// Classes of memory accesses: the low bits of the opcode.
pub(super) const LOAD: u8 = 1;
pub(super) const STORE: u8 = 2;
pub(super) const STORE_REGISTER: u8 = 3;

/// The register that points to the stack.
const STACK: u8 = 10;

/// The instructions of an object file, by function.
pub(super) struct Code<'a>(pub(super) ElfFile64<'a, NativeEndian>);

/// A function: its section, and its byte range in that section.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) section: SectionIndex,
    pub(super) begin: u64,
    size: u64,
}

impl Function {
    pub(super) fn has(&self, offset: u64) -> bool {
        offset
            .checked_sub(self.begin)
            .is_some_and(|offset| offset < self.size)
    }
}

impl<'a> Code<'a> {
    /// The names of the programs: global functions outside `.text`.
    pub(super) fn programs(&self) -> Vec<&'a str> {
        let text = self.0.section_by_name(".text").map(|text| text.index());
        let symbols = self.0.symbols().filter(|symbol| {
            symbol.kind() == SymbolKind::Text
                && symbol.is_global()
                && symbol.is_definition()
                && symbol.section_index() != text
        });
        symbols.filter_map(|symbol| symbol.name().ok()).collect()
    }

    /// The section and offset of instruction `index` of a program, as numbered by the kernel:
    /// libbpf appends the functions that the program calls.
    pub(super) fn find(&self, program: &str, index: usize) -> Option<(SectionIndex, u64)> {
        let functions = self.functions(program);
        let mut offset = (index as u64).checked_mul(INSTRUCTION)?;
        for function in functions {
            if offset < function.size {
                return Some((function.section, function.begin.checked_add(offset)?));
            }
            offset -= function.size;
        }
        None
    }

    /// The first instruction from `offset` on that is a call or accesses memory outside the stack.
    pub(super) fn next_access(&self, section: SectionIndex, offset: u64) -> Option<u64> {
        let data = self.0.section_by_index(section).ok()?.data().ok()?;
        let mut rest = data.get(offset as usize..)?.chunks(INSTRUCTION as usize);
        let found = rest.position(|instruction| {
            let [code, registers, ..] = *instruction else {
                return false;
            };
            match code & 7 {
                LOAD => source(registers) != STACK,
                STORE | STORE_REGISTER => destination(registers) != STACK,
                _ => code == CALL,
            }
        });
        Some(offset + found? as u64 * INSTRUCTION)
    }

    /// The first instruction of a function with this opcode.
    pub(super) fn first_opcode(&self, function: Function, opcode: u8) -> Option<u64> {
        let mut instructions = self.instructions(function);
        let at = instructions.position(|instruction| instruction[0] == opcode)?;
        Some(function.begin + at as u64 * INSTRUCTION)
    }

    /// The first instruction of a section that refers to `symbol`.
    pub(super) fn first_use(&self, section: SectionIndex, symbol: &str) -> Option<u64> {
        let mut symbols = self.0.symbols();
        let symbol = symbols.find(|other| other.name() == Ok(symbol))?.index();
        let section = self.0.section_by_index(section).ok()?;
        let mut relocations = section.relocations();
        let of_it = RelocationTarget::Symbol(symbol);
        let (offset, _) = relocations.find(|(_, relocation)| relocation.target() == of_it)?;
        Some(offset)
    }

    fn function(&self, index: SymbolIndex) -> Option<Function> {
        let symbol = self.0.symbol_by_index(index).ok()?;
        Some(Function {
            section: symbol.section_index()?,
            begin: symbol.address(),
            size: symbol.size(),
        })
    }

    pub(super) fn program(&self, name: &str) -> Option<Function> {
        let mut symbols = self.0.symbols();
        let symbol = symbols.find(|symbol| {
            symbol.kind() == SymbolKind::Text && symbol.name().is_ok_and(|other| other == name)
        })?;
        self.function(symbol.index())
    }

    /// The function that contains the instruction at `offset`.
    pub(super) fn function_of(&self, section: SectionIndex, offset: u64) -> Option<Function> {
        let symbols = self.0.symbols();
        let functions = symbols.filter(|symbol| symbol.kind() == SymbolKind::Text);
        let mut functions = functions.filter_map(|symbol| self.function(symbol.index()));
        functions.find(|function| function.section == section && function.has(offset))
    }

    /// The functions of a program, starting with itself, in the order in which libbpf links them.
    pub(super) fn functions(&self, program: &str) -> Vec<Function> {
        let mut functions = Vec::new();
        if let Some(program) = self.program(program) {
            self.append(program, &mut functions);
        }
        functions
    }

    /// The numbers of the helpers that `function` calls.
    pub(super) fn helpers(&self, function: Function) -> BTreeSet<u32> {
        self.instructions(function).filter_map(helper).collect()
    }

    pub(super) fn instructions(&self, function: Function) -> impl Iterator<Item = &'a [u8]> {
        let section = self.0.section_by_index(function.section);
        let data = section.and_then(|section| section.data());
        let range = function.begin as usize..function.begin.saturating_add(function.size) as usize;
        let own = data.ok().and_then(|data| data.get(range));
        own.unwrap_or_default().chunks_exact(INSTRUCTION as usize)
    }

    /// The numbers of the helpers that instructions of a section call, in order.
    pub(super) fn helpers_in(
        &self,
        section: SectionIndex,
        offsets: RangeInclusive<u64>,
    ) -> Vec<u32> {
        let section = self.0.section_by_index(section);
        let data = section.and_then(|section| section.data());
        let (begin, end) = offsets.into_inner();
        let end = end.saturating_add(INSTRUCTION);
        let own = data
            .ok()
            .and_then(|data| data.get(begin as usize..end as usize));
        let own = own.unwrap_or_default().chunks_exact(INSTRUCTION as usize);
        own.filter_map(helper).collect()
    }

    /// The opcodes of a function.
    pub(super) fn shape(&self, function: Function) -> impl Iterator<Item = u8> {
        self.instructions(function)
            .map(|instruction| instruction[0])
    }

    /// The instructions of functions, with the symbols that they refer to: two programs with the
    /// same text do the same. Empty if they refer to no symbol.
    pub(super) fn text(&self, functions: &[Function]) -> Vec<u8> {
        let mut text = Vec::new();
        let mut refers = false;
        for function in functions {
            text.extend(self.instructions(*function).flatten());
            let section = self.0.section_by_index(function.section);
            let relocations = section.iter().flat_map(|section| section.relocations());
            for (at, relocation) in relocations.filter(|(at, _)| function.has(*at)) {
                if let RelocationTarget::Symbol(symbol) = relocation.target() {
                    refers = true;
                    text.extend((at - function.begin).to_ne_bytes());
                    text.extend(symbol.0.to_ne_bytes());
                }
            }
        }
        if !refers {
            text.clear();
        }
        text
    }

    /// The functions that `function` calls, each with the offset of the call.
    pub(super) fn calls(&self, function: Function) -> Vec<(u64, Function)> {
        let Ok(section) = self.0.section_by_index(function.section) else {
            return Vec::new();
        };
        let data = section.data().unwrap_or_default();
        let mut calls = Vec::new();
        let end = function.begin.saturating_add(function.size);
        for offset in (function.begin..end).step_by(INSTRUCTION as usize) {
            let Some(&[code, registers, _, _, ref immediate @ ..]) = data
                .get(offset as usize..)
                .and_then(|rest| rest.first_chunk::<8>())
            else {
                break;
            };
            let is_call = code == CALL && source(registers) == OF_BPF;
            if !is_call && code != ADDRESS {
                continue;
            }
            let relocated = section.relocations().find(|(at, _)| *at == offset);
            let target = relocated.map(|(_, relocation)| relocation.target());
            let (section, base) = match target {
                Some(RelocationTarget::Symbol(symbol)) => {
                    let Ok(symbol) = self.0.symbol_by_index(symbol) else {
                        continue;
                    };
                    (symbol.section_index(), symbol.address())
                }
                None if is_call => (Some(function.section), offset),
                _ => continue,
            };
            let immediate = i64::from(word(immediate, 0).unwrap_or(0).cast_signed());
            // a call is relative to the next instruction, an address is in bytes
            let target = match is_call {
                true => base.checked_add_signed((immediate + 1) * INSTRUCTION as i64),
                false => base.checked_add_signed(immediate),
            };
            if let (Some(section), Some(target)) = (section, target)
                && let Some(called) = self.function_of(section, target)
            {
                calls.push((offset, called));
            }
        }
        calls
    }

    /// Appends `function` and, recursively, the functions that it calls, like libbpf.
    fn append(&self, function: Function, program: &mut Vec<Function>) {
        program.push(function);
        for (_, called) in self.calls(function) {
            if !program.contains(&called) {
                self.append(called, program);
            }
        }
    }
}

/// The number of the helper that an instruction calls.
fn helper(instruction: &[u8]) -> Option<u32> {
    let is_one = instruction[0] == CALL && source(instruction[1]) == OF_HELPER;
    is_one.then(|| word(instruction, 4)).flatten()
}

/// The source register; it shares a byte with the destination register.
pub(super) fn source(registers: u8) -> u8 {
    match cfg!(target_endian = "little") {
        true => registers >> 4,
        false => registers & 15,
    }
}

pub(super) fn destination(registers: u8) -> u8 {
    match cfg!(target_endian = "little") {
        true => registers & 15,
        false => registers >> 4,
    }
}

//! Which helpers the functions of an object call, and which of its own functions.

use std::collections::{BTreeMap, BTreeSet};

use object::{
    File, Object as _, ObjectSection as _, ObjectSymbol as _, RelocationTarget, SectionIndex,
    SymbolKind,
};

use crate::{Context, Result};

/// Bytes of an instruction.
const SIZE: usize = 8;

const CALL: u8 = 0x85;
const LOAD_64: u8 = 0x18;

/// What a call calls, in the field that is otherwise the source register.
const A_HELPER: u8 = 0;
const A_FUNCTION: u8 = 1;

/// A place in the code of an object: the number of a section, and an offset in it.
type Place = (usize, u64);

/// A function, a program or a part of one.
#[derive(Debug)]
struct Function {
    name: String,
    section: usize,
    start: u64,
    end: u64,
    helpers: BTreeSet<u32>,
    calls: BTreeSet<Place>,
}

/// The functions of an object.
#[derive(Debug)]
pub(super) struct Calls(Vec<Function>);

impl Calls {
    pub(super) fn of(file: &File<'_>) -> Result<Self> {
        let mut functions = Vec::new();
        for symbol in file.symbols() {
            let (SymbolKind::Text, Some(section)) = (symbol.kind(), symbol.section_index()) else {
                continue;
            };
            let start = symbol.address();
            functions.push(Function {
                name: symbol.name().unwrap_or_default().to_owned(),
                section: section.0,
                start,
                end: start.saturating_add(symbol.size()),
                helpers: BTreeSet::new(),
                calls: BTreeSet::new(),
            });
        }
        for section in file.sections() {
            let index = section.index().0;
            if functions.iter().all(|function| function.section != index) {
                continue;
            }
            let code = section.data().context("a section can't be read")?;
            let relocated: BTreeMap<u64, Place> = section
                .relocations()
                .filter_map(|(at, relocation)| {
                    let RelocationTarget::Symbol(symbol) = relocation.target() else {
                        return None;
                    };
                    let symbol = file.symbol_by_index(symbol).ok()?;
                    Some((at, (symbol.section_index()?.0, symbol.address())))
                })
                .collect();
            for function in functions.iter_mut().filter(|it| it.section == index) {
                function.read(code, &relocated);
            }
        }
        Ok(Self(functions))
    }

    /// The numbers of the helpers that a program calls, also through functions.
    pub(super) fn helpers(&self, program: &str) -> BTreeSet<u32> {
        let mut helpers = BTreeSet::new();
        for function in self.reached(program) {
            helpers.extend(&function.helpers);
        }
        helpers
    }

    /// Whether the instruction is a part of the program, or of a function that it calls.
    pub(super) fn is_part(&self, program: &str, section: SectionIndex, at: u64) -> bool {
        let mut functions = self.reached(program).into_iter();
        functions.any(|it| it.section == section.0 && (it.start..it.end).contains(&at))
    }

    fn reached(&self, program: &str) -> Vec<&Function> {
        let first = self.0.iter().find(|function| function.name == program);
        let mut reached: Vec<_> = first.into_iter().collect();
        let mut next = 0;
        while let Some(function) = reached.get(next).copied() {
            for (section, at) in &function.calls {
                let called = self
                    .0
                    .iter()
                    .find(|it| it.section == *section && (it.start..it.end).contains(at));
                if let Some(called) = called
                    && !reached.iter().any(|it| std::ptr::eq(*it, called))
                {
                    reached.push(called);
                }
            }
            next += 1;
        }
        reached
    }
}

impl Function {
    fn read(&mut self, code: &[u8], relocated: &BTreeMap<u64, Place>) {
        let mut at = self.start;
        while at < self.end {
            let Some(instruction) = usize::try_from(at)
                .ok()
                .and_then(|at| code.get(at..at + SIZE))
            else {
                break;
            };
            let [opcode, registers, _, _, number @ ..] = instruction else {
                break;
            };
            let number = number.try_into().map_or(0, i32::from_ne_bytes);
            let source = match cfg!(target_endian = "little") {
                true => registers >> 4,
                false => registers & 0xf,
            };
            let place = relocated.get(&at).copied();
            match (*opcode, source) {
                (CALL, A_HELPER) => {
                    self.helpers.insert(number.cast_unsigned());
                }
                (CALL, A_FUNCTION) => {
                    // counted from the next instruction, or from where the relocation points
                    let further = i64::from(number).wrapping_add(1) * SIZE as i64;
                    let (section, from) = place.unwrap_or((self.section, at));
                    self.calls
                        .insert((section, from.wrapping_add_signed(further)));
                }
                // a function that a helper is to call back
                (LOAD_64, _) => {
                    let inside = |from: u64| from.wrapping_add_signed(number.into());
                    self.calls
                        .extend(place.map(|(section, from)| (section, inside(from))));
                }
                _ => {}
            }
            // the second half of a load of 64 bits is no instruction of its own
            at += match *opcode {
                LOAD_64 => 2 * SIZE as u64,
                _ => SIZE as u64,
            };
        }
    }
}

//! From places to the names of functions.

use std::collections::HashMap;
use std::os::fd::AsRawFd as _;
use std::path::PathBuf;

use blazesym::MaybeDefault;
use blazesym::helper::read_elf_build_id;
use blazesym::symbolize::source::{Elf, Kernel, Source};
use blazesym::symbolize::{CodeInfo, Input, Sym, Symbolized, Symbolizer};

use crate::places::{Frame, Module};
use crate::report::named::{Function, Named, NamedFile, NamedStack, Place};
use crate::report::shown;
use crate::samples::Samples;

/// Names all functions. A process may have ended meanwhile: its files are open.
pub(crate) fn of(samples: Samples) -> Named {
    let mut named = Named::default();
    let mut indices = HashMap::new();
    for (stack, count) in samples.stacks {
        let index = |frame: &Frame| {
            *indices.entry(*frame).or_insert_with(|| {
                let (frame, lines) = (*frame, Vec::new());
                named.places.push(Place { frame, lines });
                named.places.len() - 1
            })
        };
        let places = stack.frames.iter().map(index).collect();
        let comm = shown(&stack.comm);
        named.stacks.push(NamedStack {
            comm,
            places,
            count,
        });
    }
    let mut namer = Namer::new(&mut named);
    namer.name_kernel();
    for (index, module) in samples.places.modules.iter().enumerate() {
        namer.name_module(index, module);
    }
    namer.name_rest();
    named
}

struct Namer<'a> {
    named: &'a mut Named,
    known: HashMap<Function, usize>,
    symbolizer: Symbolizer,
}

impl<'a> Namer<'a> {
    fn new(named: &'a mut Named) -> Self {
        Self {
            named,
            known: HashMap::new(),
            symbolizer: Symbolizer::builder().enable_auto_reload(false).build(),
        }
    }

    fn name_kernel(&mut self) {
        // kallsyms is enough: no vmlinux file is searched
        let kernel = Kernel {
            vmlinux: MaybeDefault::None,
            ..Kernel::default()
        };
        let address = |frame| match frame {
            Frame::Kernel(address) => Some(address),
            _ => None,
        };
        self.name(&kernel.into(), address, "[unknown] kernel", true);
    }

    fn name_module(&mut self, index: usize, module: &Module) {
        let name = module.path.file_name().unwrap_or(module.path.as_os_str());
        let unknown = format!("[unknown] {}", shown(name.as_encoded_bytes()));
        let offset = |frame| match frame {
            Frame::File(file, offset) if file == index => Some(offset),
            _ => None,
        };
        let open = module
            .file
            .as_ref()
            .map(|file| PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd())));
        let is_sampled = |place: &Place| offset(place.frame).is_some();
        let build_id = match &open {
            Some(path) if self.named.places.iter().any(is_sampled) => {
                self.name(&Elf::new(path).into(), offset, &unknown, false);
                read_elf_build_id(path).ok().flatten()
            }
            _ => None,
        };
        let hex = |byte: &u8| format!("{byte:02x}");
        self.named.files.push(NamedFile {
            path: shown(module.path.as_os_str().as_encoded_bytes()),
            build_id: build_id.iter().flat_map(|id| id.iter().map(hex)).collect(),
        });
        for place in 0..self.named.places.len() {
            let it = &self.named.places[place];
            if it.lines.is_empty() && offset(it.frame).is_some() {
                let function = self.function(&unknown, None, false);
                self.named.places[place].lines.push((function, 0));
            }
        }
    }

    /// What has no name yet.
    fn name_rest(&mut self) {
        let function = self.function("[unknown]", None, false);
        for place in &mut self.named.places {
            if place.lines.is_empty() {
                place.lines.push((function, 0));
            }
        }
    }

    /// Names all places that `number` finds in `source`.
    fn name(
        &mut self,
        source: &Source<'_>,
        number: impl Fn(Frame) -> Option<u64>,
        unknown: &str,
        is_kernel: bool,
    ) {
        let places = self.named.places.iter().enumerate();
        let (indices, numbers): (Vec<_>, Vec<_>) = places
            .filter_map(|(index, place)| Some((index, number(place.frame)?)))
            .unzip();
        let input = match is_kernel {
            true => Input::AbsAddr(&numbers[..]),
            false => Input::FileOffset(&numbers[..]),
        };
        let found = self.symbolizer.symbolize(source, input);
        let symbols: Vec<_> = found.into_iter().flatten().map(owned).collect();
        let mut symbols = symbols.into_iter();
        for (index, number) in indices.into_iter().zip(numbers) {
            let symbol = symbols.next().flatten();
            let symbol = match symbol {
                Some(mark) if is_mark(&mark.name) => self.before(&mark, source, number),
                other => other,
            };
            let lines = match symbol {
                Some(symbol) => self.lines(&symbol, is_kernel),
                None => vec![(self.function(unknown, None, is_kernel), 0)],
            };
            self.named.places[index].lines = lines;
        }
    }

    /// The function that goes on after a mark in a file.
    fn before(&self, mark: &Sym<'_>, source: &Source<'_>, number: u64) -> Option<Sym<'static>> {
        let mut start = number.checked_sub(mark.offset as u64)?;
        loop {
            let last = start.checked_sub(1)?;
            let found = self
                .symbolizer
                .symbolize_single(source, Input::FileOffset(last));
            let symbol = owned(found.ok()?)?;
            start = last.checked_sub(symbol.offset as u64)?;
            if !is_mark(&symbol.name) {
                let holds = symbol.size.is_none_or(|size| number - start < size as u64);
                return holds.then_some(symbol);
            }
        }
    }

    fn lines(&mut self, symbol: &Sym<'_>, is_kernel: bool) -> Vec<(usize, u32)> {
        let outer = symbol.code_info.as_deref();
        let mut lines = vec![(self.function(&symbol.name, outer, is_kernel), line(outer))];
        for inlined in &symbol.inlined {
            let code = inlined.code_info.as_ref();
            lines.push((self.function(&inlined.name, code, is_kernel), line(code)));
        }
        lines
    }

    fn function(&mut self, name: &str, code: Option<&CodeInfo<'_>>, is_kernel: bool) -> usize {
        let source = code.map(|code| code.to_path().into_owned());
        let source = source.unwrap_or_default();
        let function = Function {
            name: shown(name.as_bytes()),
            source: source.to_string_lossy().replace(char::is_control, "?"),
            is_kernel,
        };
        let functions = &mut self.named.functions;
        *self.known.entry(function).or_insert_with_key(|function| {
            functions.push(function.clone());
            functions.len() - 1
        })
    }
}

/// True for the symbols by which an ELF file of Arm or RISC-V tells code from data: they are in the
/// middle of functions, and a kernel lists none.
fn is_mark(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next() == Some('$')
        && letters.next().is_some_and(|it| "adtx".contains(it))
        && letters.next().is_none_or(|it| it == '.')
}

fn owned(symbolized: Symbolized<'_>) -> Option<Sym<'static>> {
    match symbolized {
        Symbolized::Sym(symbol) => Some(symbol.into_owned()),
        Symbolized::Unknown(_) => None,
    }
}

fn line(code: Option<&CodeInfo<'_>>) -> u32 {
    code.and_then(|code| code.line).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::is_mark;

    #[test]
    fn marks_are_no_functions() {
        assert!(
            ["$x", "$d", "$a", "$t", "$d.12"]
                .iter()
                .all(|it| is_mark(it))
        );
        assert!(
            !["$", "$xy", "x", "$main", "d$d"]
                .iter()
                .any(|it| is_mark(it))
        );
    }
}

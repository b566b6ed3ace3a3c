//! Finds the source line of an instruction from the line information in BTF.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::rc::Rc;

use bpfapps_btf::ext::{Ext, word};
use bpfapps_explain::verifier::{LineInfo, Place};
use bpfapps_host::files;
use object::read::elf::ElfFile64;
use object::{Object as _, ObjectSection as _, SectionIndex};

use super::code::Code;
use super::source::Source;
use super::{Helper, LARGEST};

/// An object file opened for its line information. Lookups scan it each time, because they are few.
pub struct Lines<'a> {
    code: Code<'a>,
    ext: Ext<'a>,
    /// Lines by section, in the order of the instructions.
    sections: Vec<(SectionIndex, Vec<Line>)>,
    /// The source files that were read, by the name in the object.
    sources: RefCell<BTreeMap<String, Option<Rc<Source>>>>,
}

#[derive(Clone, Copy)]
struct Line {
    /// Offset from the start of the section, in bytes.
    offset: u64,
    file: u32,
    text: u32,
    number: usize,
    column: usize,
}

impl<'a> Lines<'a> {
    /// `None` if it is not an object file of this machine's byte order, or has no line information.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let elf = ElfFile64::parse(bytes).ok()?;
        let ext = Ext::of(&elf)?;
        let mut sections = Vec::new();
        for about in ext.line_info().ok()? {
            let section = elf.section_by_name(about.section)?.index();
            let lines = about.records.into_iter().filter_map(Line::read);
            sections.push((section, lines.collect()));
        }
        (!sections.is_empty()).then_some(Self {
            code: Code(elf),
            ext,
            sections,
            sources: RefCell::default(),
        })
    }

    /// The program that a verifier log is about: the one whose lines agree best with the source
    /// lines in the log, or the only one.
    pub fn program_of(&self, log: &str) -> Option<&'a str> {
        let programs = self.code.programs();
        if let [only] = programs[..] {
            return Some(only);
        }
        // a loop has the same ones in each round
        let mut comments = BTreeSet::new();
        let mut comment = None;
        for line in log.lines().map(str::trim) {
            if let Some(text) = line.strip_prefix("; ") {
                comment = Some(text.rsplit_once(" @ ").map_or(text, |(text, _)| text));
            } else if let Some((index, _)) = line.split_once(": (")
                && let (Ok(index), Some(text)) = (index.parse(), comment.take())
            {
                comments.insert((index, text));
            }
        }
        let agreeing = |program: &&str| {
            let is_same = |&&(index, text): &&(usize, &str)| {
                let place = self.place(program, index);
                place.is_some_and(|place| place.text.trim() == text.trim())
            };
            comments.iter().filter(is_same).count()
        };
        let best = programs.into_iter().max_by_key(agreeing)?;
        (agreeing(&best) > 0).then_some(best)
    }

    /// The line of the instruction at `offset`, or of the nearest previous one that has a line.
    /// For code that was inlined from libbpf's headers it is the line before: its caller's.
    fn at(&self, section: SectionIndex, offset: u64) -> Option<Place> {
        let (_, lines) = self.sections.iter().find(|(index, _)| *index == section)?;
        let begin = self
            .code
            .function_of(section, offset)
            .map_or(0, |it| it.begin);
        let before = lines.iter().rev().filter(|line| line.offset <= offset);
        let mut known = before.clone().filter(|line| line.number > 0);
        let nearest = known.clone().next()?;
        let own = known.find(|line| line.offset >= begin && !self.is_of_libbpf(line));
        let place = self.place_of(own.unwrap_or(nearest))?;
        // code that clang merged from several branches has line 0
        let merged = before.take_while(|line| line.number == 0 && line.offset >= begin);
        let merged = merged.last().map(|first| first.offset..=offset);
        let called = merged.and_then(|merged| self.last_called(section, merged, &place));
        Some(called.unwrap_or(place))
    }

    /// The line of the last helper call in instructions that have no lines, from the source file.
    /// `before` is the last line before them.
    fn last_called(
        &self,
        section: SectionIndex,
        merged: RangeInclusive<u64>,
        before: &Place,
    ) -> Option<Place> {
        let helpers = self.code.helpers_in(section, merged);
        if helpers.is_empty() {
            return None;
        }
        let source = self.source(&before.file)?;
        let mut last: Option<Place> = None;
        for helper in helpers {
            let from = last.as_ref().unwrap_or(before);
            last = source.call(&Helper(helper).name(), from).or(last);
        }
        last
    }

    /// The lines of a source file, if it is the one that was compiled. It is read once.
    fn source(&self, file: &str) -> Option<Rc<Source>> {
        if let Some(known) = self.sources.borrow().get(file) {
            return known.clone();
        }
        let source = self.read_source(file).map(Rc::new);
        let mut sources = self.sources.borrow_mut();
        sources.insert(file.to_owned(), source.clone());
        source
    }

    fn read_source(&self, file: &str) -> Option<Source> {
        // an object can name any file
        let is_source = file.ends_with(".c") || file.ends_with(".h");
        let bytes = is_source.then(|| files::read(file.as_ref(), LARGEST).ok())??;
        let text = String::from_utf8_lossy(&bytes);
        let source = Source(text.lines().map(str::to_owned).collect());
        let is_same = |line: &Line| {
            let text = self.ext.name(line.text);
            text.is_some() && source.line(line.number) == text
        };
        self.known_of(file).all(is_same).then_some(source)
    }

    /// The lines of a file that have code.
    fn known_of(&self, file: &str) -> impl Iterator<Item = &Line> {
        let lines = self.sections.iter().flat_map(|(_, lines)| lines);
        lines.filter(move |line| line.number > 0 && self.file(line) == Some(file))
    }

    fn is_of_libbpf(&self, line: &Line) -> bool {
        let file = self.file(line).unwrap_or_default();
        file.rsplit_once("bpf/bpf_")
            .is_some_and(|(_, name)| !name.contains('/') && name.ends_with(".h"))
    }

    fn place_of(&self, line: &Line) -> Option<Place> {
        Some(Place {
            file: self.file(line)?.to_owned(),
            line: line.number,
            column: line.column,
            text: self.ext.name(line.text)?.to_owned(),
        })
    }

    fn file(&self, line: &Line) -> Option<&'a str> {
        let file = self.ext.name(line.file)?;
        Some(file.strip_prefix("./").unwrap_or(file))
    }
}

impl LineInfo for Lines<'_> {
    fn place(&self, program: &str, index: usize) -> Option<Place> {
        let (section, offset) = self.code.find(program, index)?;
        self.at(section, offset)
    }

    fn place_of_use(&self, program: &str, index: usize) -> Option<Place> {
        let (section, offset) = self.code.find(program, index)?;
        let used = self.code.next_access(section, offset);
        self.at(section, used.unwrap_or(offset))
    }

    fn place_of_loop(&self, program: &str, begin: usize, end: usize) -> Option<Place> {
        let (section, begin) = self.code.find(program, begin)?;
        let (_, end) = self.code.find(program, end)?;
        let function = self.code.function_of(section, begin)?;
        let top = self.at(section, function.begin)?;
        let (_, lines) = self.sections.iter().find(|(index, _)| *index == section)?;
        // inlined code is above the function, or in another file
        let in_loop = |line: &&Line| {
            (begin..=end).contains(&line.offset)
                && line.number >= top.line
                && self.file(line) == Some(&top.file)
        };
        let first = lines
            .iter()
            .filter(in_loop)
            .min_by_key(|line| line.number)?;
        Some(Place {
            column: 0,
            ..self.place_of(first)?
        })
    }

    fn first_call(&self, program: &str) -> Option<Place> {
        let program = self.code.program(program)?;
        let (offset, _) = *self.code.calls(program).first()?;
        self.at(program.section, offset)
    }

    fn first_opcode(&self, program: &str, opcode: u8) -> Option<Place> {
        let functions = self.code.functions(program);
        functions.into_iter().find_map(|function| {
            let offset = self.code.first_opcode(function, opcode)?;
            self.at(function.section, offset)
        })
    }

    fn first_use(&self, symbol: &str) -> Option<Place> {
        let mut sections = self.sections.iter();
        sections.find_map(|&(section, _)| self.at(section, self.code.first_use(section, symbol)?))
    }

    fn line(&self, file: &str, number: usize) -> Option<String> {
        // a line without code is only in the source file, which may have changed since
        if let Some(source) = self.source(file) {
            return source.line(number).map(str::to_owned);
        }
        let mut lines = self.known_of(file);
        let line = lines.find(|line| line.number == number)?;
        self.ext.name(line.text).map(str::to_owned)
    }
}

impl Line {
    fn read(record: &[u8]) -> Option<Self> {
        let at = |offset| word(record, offset);
        let position = at(12)?;
        Some(Self {
            offset: at(0)?.into(),
            file: at(4)?,
            text: at(8)?,
            number: (position >> 10) as usize,
            column: (position & 0x3ff) as usize,
        })
    }
}

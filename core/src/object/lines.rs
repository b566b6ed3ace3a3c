//! Which line of source an instruction comes from, by the line information in BTF.

use std::fs;

use bpfapps_explain::verifier::{LineInfo, Place};
use object::read::elf::ElfFile64;
use object::{Object as _, ObjectSection as _, SectionIndex};

use super::code::{Code, word};

/// An object file that was opened for its line information, which is read anew at each question:
/// there are few.
pub(crate) struct Lines<'a> {
    code: Code<'a>,
    strings: &'a [u8],
    /// Lines by section, by instruction.
    sections: Vec<(SectionIndex, Vec<Line>)>,
}

#[derive(Clone, Copy)]
struct Line {
    /// In bytes from the begin of the section.
    offset: u64,
    file: u32,
    text: u32,
    number: usize,
    column: usize,
}

impl<'a> Lines<'a> {
    /// `None` where it is no object file of this machine's byte order, or has no line information.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let elf = ElfFile64::parse(bytes).ok()?;
        let btf = elf.section_by_name_bytes(b".BTF")?.data().ok()?;
        let strings = part(btf, 16)?;
        let ext = elf.section_by_name_bytes(b".BTF.ext")?.data().ok()?;
        let mut info = part(ext, 16)?;
        let record = take(&mut info, 4).map(word)? as usize;
        if record < Line::SIZE {
            return None;
        }
        let mut sections = Vec::new();
        while let Some(head) = take(&mut info, 8) {
            let name = string(strings, word(head))?;
            let count = word(&head[4..]) as usize;
            let section = elf.section_by_name(name)?.index();
            let records = take(&mut info, count.checked_mul(record)?)?;
            let lines = records.chunks_exact(record).filter_map(Line::read);
            sections.push((section, lines.collect()));
        }
        Some(Self {
            code: Code(elf),
            strings,
            sections,
        })
    }

    /// The line of the instruction at `offset`, or of the nearest one before it that has a line.
    fn at(&self, section: SectionIndex, offset: u64) -> Option<Place> {
        let (_, lines) = self.sections.iter().find(|(index, _)| *index == section)?;
        let before = |line: &&Line| line.offset <= offset && line.number > 0;
        self.place_of(lines.iter().rfind(before)?)
    }

    fn place_of(&self, line: &Line) -> Option<Place> {
        Some(Place {
            file: self.file(line)?.to_owned(),
            line: line.number,
            column: line.column,
            text: string(self.strings, line.text)?.to_owned(),
        })
    }

    fn file(&self, line: &Line) -> Option<&'a str> {
        let file = string(self.strings, line.file)?;
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
        // what was inlined stands above the function, or in another file
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

    fn first_use(&self, symbol: &str) -> Option<Place> {
        let mut sections = self.sections.iter();
        sections.find_map(|&(section, _)| self.at(section, self.code.first_use(section, symbol)?))
    }

    fn line(&self, file: &str, number: usize) -> Option<String> {
        let lines = self.sections.iter().flat_map(|(_, lines)| lines);
        let mut lines = lines.filter(|line| line.number > 0 && self.file(line) == Some(file));
        // A line without code is only in the file, which may be another one by now.
        let is_file = fs::metadata(file).is_ok_and(|found| found.is_file());
        let source = is_file.then(|| fs::read_to_string(file));
        let source = source.and_then(Result::ok).unwrap_or_default();
        let source: Vec<_> = source.lines().collect();
        let is_same =
            |line: &Line| source.get(line.number - 1).copied() == string(self.strings, line.text);
        if lines.clone().all(is_same) {
            return source.get(number - 1).map(|&line| line.to_owned());
        }
        let line = lines.find(|line| line.number == number)?;
        string(self.strings, line.text).map(str::to_owned)
    }
}

impl Line {
    /// Bytes of a record; newer versions may have more.
    const SIZE: usize = 16;

    fn read(record: &[u8]) -> Option<Self> {
        let at = |offset: usize| record.get(offset..offset + 4).map(word);
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

/// The part of a BTF section whose offset, behind the header, and length stand at `field`.
fn part(section: &[u8], field: usize) -> Option<&[u8]> {
    let at = |offset: usize| section.get(offset..offset + 4).map(word);
    let begin = at(4)?.checked_add(at(field)?)? as usize;
    section.get(begin..begin.checked_add(at(field + 4)? as usize)?)
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    bytes.split_off(..count)
}

fn string(strings: &[u8], offset: u32) -> Option<&str> {
    let rest = strings.get(offset as usize..)?;
    str::from_utf8(rest.split(|&byte| byte == 0).next()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Object;

    const SOURCE: &str = include_str!("../bpf/trace.bpf.c");
    const PROGRAM: &str = "handle_bpf_trace_printk";

    fn object() -> &'static [u8] {
        let trace = Object::all().find(|object| object.name == "trace");
        &trace.expect("core's own object").bytes
    }

    #[test]
    fn each_instruction_has_the_line_that_the_source_has() {
        let lines = Lines::read(object()).expect("line information");
        let mut seen = 0;
        while let Some(place) = lines.place(PROGRAM, seen) {
            let text = SOURCE.lines().nth(place.line - 1);
            if place.file.ends_with("trace.bpf.c") {
                assert_eq!(Some(place.text.as_str()), text);
            }
            seen += 1;
        }
        assert!(seen > 10, "{seen} instructions");
        assert_eq!(lines.place("no_such_program", 0), None);
        let reserved = lines.first_use("lines").expect("the ring buffer is used");
        assert!(reserved.text.contains("bpfapps_reserve"), "{reserved:?}");
    }

    /// Any file may be given to it.
    #[test]
    fn broken_object_has_no_lines_and_does_no_harm() {
        let whole = object();
        let ask = |bytes: &[u8]| {
            let Some(lines) = Lines::read(bytes) else {
                return;
            };
            for index in [0, 1, 40, usize::MAX] {
                lines.place(PROGRAM, index);
                lines.place_of_use(PROGRAM, index);
                lines.place_of_loop(PROGRAM, 0, index);
            }
            lines.first_call(PROGRAM);
            lines.first_use("lines");
        };
        for end in (0..whole.len()).step_by(197) {
            ask(&whole[..end]);
        }
        // the size of a record is such a number
        for at in (0..whole.len()).filter(|at| whole[*at..].starts_with(&[16, 0, 0, 0])) {
            let mut bytes = whole.to_vec();
            bytes[at] = 0;
            ask(&bytes);
        }
        for at in (0..whole.len()).step_by(61) {
            let mut bytes = whole.to_vec();
            bytes[at] ^= 0xff;
            ask(&bytes);
        }
    }
}

//! Verifier logs that someone else recorded: by bpftool, libbpf, aya, cilium/ebpf or bcc.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use memchr::memmem;

use super::{Log, end_of, lines, numbered};
use crate::verifier::{Diagnosis, LineInfo, Place, program, symbol, verifier_log};

/// Explains a recorded log, and whatever text is around it. `program` is asked if the log does not
/// name the program; the lines may not be `known`: newer kernels write source lines into the log.
/// `None` if the text has neither a verifier log nor a known message of libbpf.
pub fn explain_log<'a>(
    text: &'a str,
    program: impl FnOnce(&'a str) -> Option<&'a str>,
    known: &dyn LineInfo,
) -> Option<Diagnosis> {
    let (named, log) = match verifier_log(text) {
        Some((name, log)) => (Some(name), log),
        None => (None, text),
    };
    let log = end_of(log);
    let program = named.or_else(|| program(log)).unwrap_or_default();
    let summary = summary(log);
    let log = summary.as_deref().unwrap_or(log);
    let log = whole(log).or_else(|| named.or(summary.as_deref()).map(|_| log));
    let Some(log) = log else {
        let mut messages = text.lines();
        return messages.find_map(|message| symbol::explain(message, known));
    };
    let known = Either(known, Comments::of(log));
    program::explain(program, &Log::read(log), &known)
}

/// A log from its beginning to the verifier's last line. `None` for other text.
fn whole(log: &str) -> Option<&str> {
    // the text behind it is not the verifier's
    let mut ends = memmem::find_iter(log.as_bytes(), "processed ");
    let end = ends.find(|at| {
        let rest = &log[at + "processed ".len()..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        digits > 0 && rest[digits..].starts_with(" insns")
    });
    let is_one = || lines(log).any(|line| numbered(line).is_some());
    match end {
        Some(end) => Some(&log[..end]),
        None => is_one().then_some(log),
    }
}

/// cilium/ebpf prints the last lines of a log as one, with `: ` between them.
fn summary(log: &str) -> Option<String> {
    let before = &log[..memmem::find(log.as_bytes(), b" line(s) omitted)")?];
    let line = before.rsplit('\n').next()?;
    let (line, _) = line.rsplit_once(" (")?;
    let starts = line.match_indices(": ").map(|(at, sep)| at + sep.len());
    let begin = starts.clone().find(|&at| {
        let number = line[at..].split(": (").next().unwrap_or_default();
        number.parse::<usize>().is_ok()
    });
    // the last line, and before it often an instruction
    let last = line.rfind(": ")?;
    Some(match begin.filter(|&begin| begin < last) {
        Some(begin) => format!("{}\n{}", &line[begin..last], &line[last + 2..]),
        None => line[last + 2..].to_owned(),
    })
}

/// The source lines in a log: `; if (x) @ file.c:12` before an instruction.
struct Comments {
    /// The place of each instruction.
    of: BTreeMap<usize, Place>,
}

impl Comments {
    fn of(log: &str) -> Self {
        let mut of = BTreeMap::new();
        let mut last = None;
        for line in lines(log) {
            if let Some(comment) = line.strip_prefix("; ") {
                // code of the compiler's own has line 0
                last = Some(comment).filter(|it| !it.ends_with(":0")).or(last);
            } else if let Some(comment) = last
                && let Some((index, _)) = numbered(line)
                && let Entry::Vacant(entry) = of.entry(index)
                && let Some(place) = Self::place(comment)
            {
                // it is the same each time that the verifier comes by
                entry.insert(place);
            }
        }
        Self { of }
    }

    /// The place of an instruction, or of the nearest one before it.
    fn before(&self, index: usize) -> Option<Place> {
        let (_, place) = self.of.range(..=index).next_back()?;
        Some(place.clone())
    }

    fn place(comment: &str) -> Option<Place> {
        let (text, at) = comment.rsplit_once(" @ ")?;
        let (file, line) = at.rsplit_once(':')?;
        let line = line.parse().ok()?;
        Some(Place {
            file: file.to_owned(),
            line,
            column: 0,
            text: text.to_owned(),
        })
    }
}

/// The source lines of an object, or else those in the log.
struct Either<'a>(&'a dyn LineInfo, Comments);

impl LineInfo for Either<'_> {
    fn place(&self, program: &str, index: usize) -> Option<Place> {
        let known = self.0.place(program, index);
        known.or_else(|| self.1.before(index))
    }

    fn place_of_use(&self, program: &str, index: usize) -> Option<Place> {
        let known = self.0.place_of_use(program, index);
        known.or_else(|| self.place(program, index))
    }

    fn place_of_loop(&self, program: &str, begin: usize, end: usize) -> Option<Place> {
        let known = self.0.place_of_loop(program, begin, end);
        known.or_else(|| self.place(program, begin))
    }

    fn first_call(&self, program: &str) -> Option<Place> {
        self.0.first_call(program)
    }

    fn first_opcode(&self, program: &str, opcode: u8) -> Option<Place> {
        self.0.first_opcode(program, opcode)
    }

    fn first_use(&self, symbol: &str) -> Option<Place> {
        self.0.first_use(symbol)
    }

    fn line(&self, file: &str, number: usize) -> Option<String> {
        let known = self.0.line(file, number);
        known.or_else(|| {
            let mut places = self.1.of.values();
            let place = places.find(|place| place.file == file && place.line == number)?;
            Some(place.text.clone())
        })
    }
}

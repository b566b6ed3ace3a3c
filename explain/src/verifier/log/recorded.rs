//! Verifier logs that someone else recorded: by bpftool, libbpf, aya, cilium/ebpf or bcc.

use std::collections::BTreeMap;

use super::{Log, instruction};
use crate::verifier::{Diagnosis, LineInfo, Place, program, symbol, verifier_log};

/// Explains a recorded log, and whatever text is around it. `program` is used if the log does not
/// name the program; `lines` may be unknown: newer kernels write source lines into the log.
/// `None` if the text has neither a verifier log nor a known message of libbpf.
pub fn explain_log(text: &str, program: Option<&str>, lines: &dyn LineInfo) -> Option<Diagnosis> {
    let (named, log) = match verifier_log(text) {
        Some((name, log)) => (Some(name), log),
        None => (None, text),
    };
    let log = end_of(log);
    let program = named.or(program).unwrap_or_default();
    let summary = summary(log);
    let log = summary.as_deref().unwrap_or(log);
    let log = whole(log).or_else(|| named.or(summary.as_deref()).map(|_| log));
    let Some(log) = log else {
        let mut messages = text.lines();
        return messages.find_map(|message| symbol::explain(message, lines));
    };
    let lines = Either(lines, Comments::of(log));
    program::explain(program, &Log::read(log), &lines)
}

/// The last megabytes of a log: the reason is at its end.
fn end_of(log: &str) -> &str {
    const MOST: usize = 4 << 20;
    let mut begin = log.len().saturating_sub(MOST);
    while !log.is_char_boundary(begin) {
        begin += 1;
    }
    &log[begin..]
}

/// A log from its beginning to the verifier's last line. `None` for other text.
fn whole(log: &str) -> Option<&str> {
    // the text behind it is not the verifier's
    let end = log.match_indices("processed ").find_map(|(at, word)| {
        let (number, rest) = log[at + word.len()..].split_once(' ')?;
        let is_it = rest.starts_with("insns") && number.parse::<u64>().is_ok();
        is_it.then_some(at)
    });
    let is_one = || log.lines().any(|line| instruction(line.trim()).is_some());
    match end {
        Some(end) => Some(&log[..end]),
        None => is_one().then_some(log),
    }
}

/// cilium/ebpf prints the last lines of a log as one, with `: ` between them.
fn summary(log: &str) -> Option<String> {
    let (before, _) = log.split_once(" line(s) omitted)")?;
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
    places: Vec<Place>,
    /// The place of each instruction.
    of: BTreeMap<usize, usize>,
}

impl Comments {
    fn of(log: &str) -> Self {
        let (mut places, mut of) = (Vec::new(), BTreeMap::new());
        for line in log.lines().map(str::trim) {
            if let Some(comment) = line.strip_prefix("; ") {
                places.extend(Self::place(comment));
            } else if let Some((index, _)) = instruction(line)
                && let Some(last) = places.len().checked_sub(1)
            {
                of.insert(index, last);
            }
        }
        Self { places, of }
    }

    /// The place of an instruction, or of the nearest one before it.
    fn before(&self, index: usize) -> Option<Place> {
        let (_, &place) = self.of.range(..=index).next_back()?;
        self.places.get(place).cloned()
    }

    fn place(comment: &str) -> Option<Place> {
        let (text, at) = comment.rsplit_once(" @ ")?;
        let (file, line) = at.rsplit_once(':')?;
        // code of the compiler's own has line 0
        let line = line.parse().ok().filter(|&line| line > 0)?;
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
            let mut places = self.1.places.iter();
            let place = places.find(|place| place.file == file && place.line == number)?;
            Some(place.text.clone())
        })
    }
}

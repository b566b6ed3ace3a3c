//! Explains why a BPF object fails to load, from the messages of libbpf and the verifier.

mod cause;
mod draw;
mod log;
mod program;
mod rule;
mod rules;
mod story;
mod symbol;

use memchr::memmem;

use crate::Code;
use log::Log;

pub use log::{Stats, explain_log};

/// The source location of an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The path as passed to the compiler.
    pub file: String,
    /// Line number, from 1.
    pub line: usize,
    /// Column, from 1; 0 if unknown.
    pub column: usize,
    /// The text of the line.
    pub text: String,
}

/// Source locations from the debug information of an object file.
pub trait LineInfo {
    /// The source location of instruction `index` of `program`, as numbered by the verifier.
    fn place(&self, program: &str, index: usize) -> Option<Place>;

    /// The place that uses the result of instruction `index`: the compiler computes offsets earlier
    /// than the source does.
    fn place_of_use(&self, program: &str, index: usize) -> Option<Place>;

    /// The first line of the loop from instruction `begin` to `end`.
    fn place_of_loop(&self, program: &str, begin: usize, end: usize) -> Option<Place>;

    /// The first call of a BPF function in `program`.
    fn first_call(&self, program: &str) -> Option<Place>;

    /// The first instruction of `program` with this opcode.
    fn first_opcode(&self, program: &str, opcode: u8) -> Option<Place>;

    /// The first use of a map or kernel function.
    fn first_use(&self, symbol: &str) -> Option<Place>;

    /// Line `number` of `file`, if it has code.
    fn line(&self, file: &str, number: usize) -> Option<String>;
}

/// The [`LineInfo`] of an object without debug information.
#[derive(Clone, Copy, Debug)]
pub struct NoLines;

impl LineInfo for NoLines {
    fn place(&self, _: &str, _: usize) -> Option<Place> {
        None
    }

    fn place_of_use(&self, _: &str, _: usize) -> Option<Place> {
        None
    }

    fn place_of_loop(&self, _: &str, _: usize, _: usize) -> Option<Place> {
        None
    }

    fn first_call(&self, _: &str) -> Option<Place> {
        None
    }

    fn first_opcode(&self, _: &str, _: u8) -> Option<Place> {
        None
    }

    fn first_use(&self, _: &str) -> Option<Place> {
        None
    }

    fn line(&self, _: &str, _: usize) -> Option<String> {
        None
    }
}

/// The reason that an object fails to load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The code of the failure.
    pub code: Code,
    /// The problem, in lower case without a full stop.
    pub message: String,
    /// The usual fix.
    pub fix: String,
    /// Text that identifies libbpf's messages about it: ``prog 'handle_exec'``.
    subjects: Vec<String>,
    /// The line at fault, then the origins of the values that it uses.
    spans: Vec<Span>,
    /// Further facts, one line each.
    notes: Vec<String>,
}

/// libbpf's final messages, independent of the cause.
const WHOLE: [&str; 2] = ["failed to load object", "failed to load BPF skeleton"];

/// A place and its annotation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    place: Place,
    label: String,
}

impl Diagnosis {
    /// Draws the annotated source lines.
    pub fn draw(&self, lines: &dyn LineInfo, coloured: bool) -> String {
        draw::draw(&self.spans, &self.notes, lines, coloured)
    }

    /// The source line at fault.
    pub fn place(&self) -> Option<&Place> {
        self.spans.first().map(|span| &span.place)
    }

    /// True if the diagnosis covers this message of libbpf.
    pub fn tells(&self, message: &str) -> bool {
        let subjects = self.subjects.iter().map(String::as_str);
        let mut telling = subjects.chain(WHOLE);
        telling.any(|text| message.contains(text))
    }
}

/// Explains libbpf's warnings about a failed load; `None` if they contain no known reason.
pub fn explain(messages: &[String], lines: &dyn LineInfo) -> Option<Diagnosis> {
    // with a log level, programs that load have a log, too: libbpf stops at the first that does not
    let mut latest = messages.iter().rev();
    let rejected = latest.find_map(|message| verifier_log(message));
    if let Some((program, log)) = rejected {
        return program::explain(program, &Log::read(log), lines);
    }
    messages
        .iter()
        .find_map(|message| symbol::explain(message, lines))
}

/// The program name and the verifier log in a message: the last one, where there are several.
fn verifier_log(message: &str) -> Option<(&str, &str)> {
    const BEGIN: &str = "-- BEGIN PROG LOAD LOG --";
    const END: &str = "-- END PROG LOAD LOG --";
    let begin = memmem::find_iter(message.as_bytes(), BEGIN).last()?;
    let (head, log) = (&message[..begin], &message[begin + BEGIN.len()..]);
    let (log, _) = log.rsplit_once(END)?;
    let (_, name) = head.rsplit_once("prog '")?;
    Some((name.split_once('\'')?.0, log))
}

/// The text between `before`, which ends with a quote, and the next quote.
fn quoted<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once('\'')?.0)
}

//! Why a BPF object does not load, out of what libbpf and the kernel's verifier say about it.

mod draw;
mod log;
mod origin;
mod program;
mod rule;
mod rules;
mod story;
mod symbol;

use crate::Code;
use log::Log;

/// Where in the source an instruction comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// As the compiler was given it.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1; 0 where it is not known.
    pub column: usize,
    /// The line itself.
    pub text: String,
}

/// What the debug information of an object file knows.
pub trait LineInfo {
    /// Where instruction `index` of `program` comes from, by the number that the verifier gives it.
    fn place(&self, program: &str, index: usize) -> Option<Place>;

    /// Where what instruction `index` calculates is used. The compiler calculates offsets earlier
    /// than the source does.
    fn place_of_use(&self, program: &str, index: usize) -> Option<Place>;

    /// The first line of the loop that is instructions `begin` to `end`.
    fn place_of_loop(&self, program: &str, begin: usize, end: usize) -> Option<Place>;

    /// Where `program` first calls a function that is BPF itself.
    fn first_call(&self, program: &str) -> Option<Place>;

    /// Where a map, or a function of the kernel, is first used.
    fn first_use(&self, symbol: &str) -> Option<Place>;

    /// Line `number` of `file`, where it has code.
    fn line(&self, file: &str, number: usize) -> Option<String>;
}

/// Of an object without debug information.
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

    fn first_use(&self, _: &str) -> Option<Place> {
        None
    }

    fn line(&self, _: &str, _: usize) -> Option<String> {
        None
    }
}

/// Why an object does not load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// Which failure it is.
    pub code: Code,
    /// What is wrong, in lower case and without a full stop.
    pub message: String,
    /// What usually fixes it.
    pub fix: String,
    /// What libbpf's messages about it have in them: ``prog 'handle_exec'``.
    subjects: Vec<String>,
    /// The line at fault first, then where what is used there comes from.
    spans: Vec<Span>,
    /// What else there is to know, a line each.
    notes: Vec<String>,
}

/// What libbpf says in the end, whatever has failed.
const WHOLE: [&str; 2] = ["failed to load object", "failed to load BPF skeleton"];

/// A place, and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    place: Place,
    label: String,
}

impl Diagnosis {
    /// The lines of source code that it is about, annotated.
    pub fn draw(&self, lines: &dyn LineInfo, coloured: bool) -> String {
        draw::draw(&self.spans, &self.notes, lines, coloured)
    }

    /// Whether it says what this message of libbpf does.
    pub fn tells(&self, message: &str) -> bool {
        let subjects = self.subjects.iter().map(String::as_str);
        let mut telling = subjects.chain(WHOLE);
        telling.any(|text| message.contains(text))
    }
}

/// Reads the warnings of libbpf about a load that failed; `None` where neither the verifier nor
/// libbpf gives a reason that is known here.
pub fn explain(messages: &[String], lines: &dyn LineInfo) -> Option<Diagnosis> {
    let rejected = messages.iter().find_map(|message| verifier_log(message));
    if let Some((program, log)) = rejected {
        return program::explain(program, &Log::read(log), lines);
    }
    messages
        .iter()
        .find_map(|message| symbol::explain(message, lines))
}

/// The program and the verifier's log in a message.
fn verifier_log(message: &str) -> Option<(&str, &str)> {
    let (head, log) = message.split_once("-- BEGIN PROG LOAD LOG --")?;
    let (log, _) = log.rsplit_once("-- END PROG LOAD LOG --")?;
    Some((quoted(head, "prog '")?, log))
}

/// What stands between `before`, which ends with a quote, and the next quote.
fn quoted<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once('\'')?.0)
}

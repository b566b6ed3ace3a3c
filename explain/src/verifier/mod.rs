//! Why a BPF object does not load, out of what libbpf and the kernel's verifier say about it.

mod draw;
mod log;
mod origin;
mod rules;
mod story;

use crate::Code;
use log::Log;
use rules::Rule;

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
    /// What usually mends it.
    pub mend: String,
    /// One of these is in each of libbpf's messages about it: ``prog 'handle_exec'``.
    subjects: [String; 2],
    /// The line at fault first, then where what is used there comes from.
    spans: Vec<Span>,
    /// What else there is to know, a line each.
    notes: Vec<String>,
}

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
        self.subjects
            .iter()
            .any(|subject| message.contains(subject))
    }
}

/// Reads the warnings of libbpf about a load that failed; `None` where neither the verifier nor
/// libbpf gives a reason that is known here.
pub fn explain(messages: &[String], lines: &dyn LineInfo) -> Option<Diagnosis> {
    let rejected = messages.iter().find_map(|message| verifier_log(message));
    if let Some((program, log)) = rejected {
        return of_program(program, &Log::read(log), lines);
    }
    messages
        .iter()
        .find_map(|message| of_symbol(message, lines))
}

/// The program and the verifier's log in a message.
fn verifier_log(message: &str) -> Option<(&str, &str)> {
    let (head, log) = message.split_once("-- BEGIN PROG LOAD LOG --")?;
    let (log, _) = log.rsplit_once("-- END PROG LOAD LOG --")?;
    Some((quoted(head, "prog '")?, log))
}

fn of_program(program: &str, log: &Log<'_>, lines: &dyn LineInfo) -> Option<Diagnosis> {
    let said = log.said.first()?;
    let rule = Rule::of(log);
    let at = rule.position(log);
    let index = rule.number(log).or_else(|| log.index(at?));
    let place = match index {
        Some(index) if rule.code == Code::CORE_FIELD => lines.place_of_use(program, index),
        Some(index) => lines.place(program, index),
        // the log of a program that is sound but for its stack has no instruction
        None if rule.code == Code::STACK_TOO_LARGE => lines.first_call(program),
        None => None,
    };
    let mut spans = Vec::new();
    spans.extend(place.map(|place| Span {
        place,
        label: (*said).to_owned(),
    }));
    for (index, label) in at.map_or_else(Vec::new, |at| story::of(log, rule.code, at)) {
        let place = lines.place(program, index);
        let is_new = |place: &Place| !spans.iter().any(|span| draw::is_same(place, &span.place));
        if let Some(place) = place.filter(is_new) {
            let label = label.to_owned();
            spans.push(Span { place, label });
        }
    }
    let instruction = at.and_then(|at| log.instruction(at));
    let mut notes: Vec<_> = instruction
        .map(|(index, text)| format!("instruction {index}: {text}"))
        .into_iter()
        .collect();
    // Without a place there is no line to say it at.
    let shown = usize::from(!spans.is_empty());
    notes.extend(log.said.iter().skip(shown).map(|&line| line.to_owned()));
    Some(Diagnosis {
        code: rule.code,
        message: format!("`{program}` {}", rule.what(said)),
        mend: rule.mend.to_owned(),
        subjects: [
            format!("prog '{program}'"),
            "failed to load object".to_owned(),
        ],
        spans,
        notes,
    })
}

/// What libbpf says before there is a program to verify: of a map, or of a function that the kernel
/// is to have.
fn of_symbol(message: &str, lines: &dyn LineInfo) -> Option<Diagnosis> {
    let too_large = ["-E2BIG", "-ENOMEM", "(-7)", "(-12)"];
    let (code, subject, what, mend) = if let Some(name) = quoted(message, "extern (func ksym) '") {
        (
            Code::UNKNOWN_FUNCTION,
            name,
            "is called, and the running kernel has no such function",
            "check its name, and since which Linux it is there; where it may be missing, declare \
             it `__weak` and ask `bpf_ksym_exists` before the call",
        )
    } else if let Some(name) = quoted(message, "map '")
        && message.contains("failed to create")
        && too_large.iter().any(|errno| message.contains(errno))
    {
        (
            Code::MAP_TOO_LARGE,
            name,
            "is a map that is larger than the kernel can make it",
            "make `max_entries` or the value smaller; a hash with `BPF_F_NO_PREALLOC` takes memory \
             only for the entries that there are",
        )
    } else {
        return None;
    };
    let label = message.trim().trim_start_matches("libbpf: ").to_owned();
    let place = lines.first_use(subject);
    let mut notes = Vec::new();
    let spans: Vec<_> = match place {
        Some(place) => vec![Span { place, label }],
        None => {
            notes.push(label);
            Vec::new()
        }
    };
    Some(Diagnosis {
        code,
        message: format!("`{subject}` {what}"),
        mend: mend.to_owned(),
        subjects: [format!("'{subject}'"), format!("({subject})")],
        spans,
        notes,
    })
}

/// What stands between `before`, which ends with a quote, and the next quote.
fn quoted<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once('\'')?.0)
}

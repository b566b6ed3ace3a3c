use super::log::Log;
use super::rules::{OTHER, RULES, Rule};
use super::{LineInfo, Place, cause, story};
use crate::Code;

/// Parts of the names of functions that acquire a reference, and its release; the most specific first.
const RELEASES: [(&str, &str); 10] = [
    (
        "reserve_dynptr",
        "`bpf_ringbuf_submit_dynptr` or `bpf_ringbuf_discard_dynptr`",
    ),
    (
        "ringbuf_reserve",
        "`bpf_ringbuf_submit` or `bpf_ringbuf_discard`",
    ),
    ("bpf_sk_lookup", "`bpf_sk_release`"),
    ("bpf_skc_lookup", "`bpf_sk_release`"),
    ("bpf_task_", "`bpf_task_release`"),
    ("bpf_cgroup_", "`bpf_cgroup_release`"),
    ("bpf_cpumask_", "`bpf_cpumask_release`"),
    ("_ct_lookup", "`bpf_ct_release`"),
    ("bpf_percpu_obj_new", "`bpf_percpu_obj_drop`"),
    ("bpf_obj_new", "`bpf_obj_drop`"),
];

impl Rule {
    /// The rule for the verifier's final message, and the line that it is about.
    pub(super) fn of<'a>(log: &Log<'a>) -> (&'static Self, &'a str) {
        let mut rules = RULES.into_iter().flatten();
        let found = rules.find_map(|rule| {
            let line = log.said.iter().find(|line| rule.fits(line))?;
            Some((rule, *line))
        });
        let last = log.said.last().copied().unwrap_or_default();
        let (rule, line) = found.unwrap_or((&OTHER, last));
        (cause::refined(rule, line, log), line)
    }

    /// The problem, to follow the name of the program.
    pub(super) fn what(&self, said: &str, instruction: &str) -> String {
        let name = match self.code {
            Code::HELPER => word_after(said, &["helper ", "func "])
                .filter(|name| *name != "call")
                .or_else(|| word_after(instruction, &["call "])),
            Code::UNKNOWN_FUNCTION => super::quoted(said, "'"),
            Code::CORE_FIELD => return self.what.replace("{}", &relocated(said)),
            _ => None,
        };
        let name = name.map_or_else(|| "something".to_owned(), |name| format!("`{name}`"));
        let verb = match instruction.starts_with('*') {
            true => "writes",
            false => "reads",
        };
        self.what.replace("{}", &name).replace("{reads}", verb)
    }

    /// The usual fix.
    pub(super) fn fix(&self, log: &Log<'_>) -> String {
        let acquired = story::acquired(log).filter(|_| self.code == Code::NOT_SUBMITTED);
        let call = acquired.and_then(|index| log.last_with(|other, _| other == index));
        let call = call.and_then(|at| log.instruction(at));
        let known =
            call.and_then(|(_, text)| RELEASES.iter().find(|(name, _)| text.contains(name)));
        match known {
            Some((_, release)) => format!("call {release} on every path to the exit"),
            None => self.fix.to_owned(),
        }
    }

    /// The position of the instruction at fault; `None` if it is not in the log.
    pub(super) fn position(&self, log: &Log<'_>) -> Option<usize> {
        let named = |index, _: &str| Some(index) == self.number(log);
        log.last_with(named).or_else(|| log.last())
    }

    /// The number of the instruction at fault, if the verifier's message contains it.
    fn number(&self, log: &Log<'_>) -> Option<usize> {
        let mut said = log.said.iter();
        said.find_map(|line| {
            let (before, rest) = line.split_once("insn ")?;
            let is_word = before.is_empty() || before.ends_with([' ', '(']);
            // a loop is shown at its begin
            match rest.split_once(" to ") {
                Some((_, begin)) if self.code == Code::ENDLESS_LOOP => begin.parse().ok(),
                _ => rest.split([' ', ')']).next()?.parse().ok(),
            }
            .filter(|_| is_word)
        })
    }

    /// The source location of the fault.
    pub(super) fn place(
        &self,
        program: &str,
        log: &Log<'_>,
        lines: &dyn LineInfo,
    ) -> Option<Place> {
        let index = || self.number(log).or_else(|| log.index(self.position(log)?));
        match self.code {
            Code::ENDLESS_LOOP | Code::TOO_LARGE => {
                let place = log
                    .last_loop()
                    .and_then(|(begin, end)| lines.place_of_loop(program, begin, end));
                place.or_else(|| lines.place(program, index()?))
            }
            Code::CORE_FIELD => lines.place_of_use(program, index()?),
            Code::INSTRUCTION if self.number(log).is_none() && log.last().is_none() => {
                let opcode = log.said.iter().find_map(|line| opcode(line))?;
                lines.first_opcode(program, opcode)
            }
            // the log has no instruction if the combined stack size is the only problem
            Code::STACK_TOO_LARGE | Code::CALL_DEPTH if log.last().is_none() => {
                lines.first_call(program)
            }
            _ => lines.place(program, index()?),
        }
    }
}

/// `unknown opcode 8d`
fn opcode(said: &str) -> Option<u8> {
    let (_, rest) = said.split_once("opcode ")?;
    u8::from_str_radix(rest.split(' ').next()?, 16).ok()
}

fn word_after<'a>(text: &'a str, before: &[&str]) -> Option<&'a str> {
    let (_, rest) = before.iter().find_map(|before| text.split_once(before))?;
    rest.split(['#', ' ']).next()
}

/// The field or type in `failed to resolve CO-RE relocation <byte_off> [5] struct
/// task_struct___x.nope (0:0 @ offset 0)`. The suffix after `___` is local to the program.
fn relocated(said: &str) -> String {
    let name = said.split_once("] ").map_or(said, |(_, name)| name);
    let name = name.split_once(" (").map_or(name, |(name, _)| name);
    let (ty, field) = name.split_once('.').unwrap_or((name, ""));
    let ty = ty.split_once("___").map_or(ty, |(ty, _)| ty);
    match field {
        "" => format!("`{ty}`"),
        _ => format!("`{field}` in `{ty}`"),
    }
}

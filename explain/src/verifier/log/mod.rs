mod recorded;
mod stats;

use memchr::memchr_iter;

pub use recorded::explain_log;
pub use stats::Stats;

/// Only this many bytes from the end are read: a log of a million instructions has tens of
/// megabytes, and the reason is at its end.
const MOST: usize = 4 << 20;

/// The relevant lines of a verifier log: the instructions it went through, and its reason to reject
/// the program.
///
/// Their format is the same in Linux 5.10 and 7.2. The register states and source lines, which
/// differ, are skipped.
pub(super) struct Log<'a> {
    steps: Vec<Step<'a>>,
    /// What is known of registers and stack behind the step at a position, in order.
    states: Vec<(usize, &'a str)>,
    /// The lines after the last instruction.
    pub(super) said: Vec<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step<'a> {
    /// Its number, and the line behind it: most are never looked at again.
    Instruction(usize, &'a str),
    /// The verifier returns to the other side of the branch at this instruction.
    From(usize),
}

impl<'a> Log<'a> {
    pub(super) fn read(text: &'a str) -> Self {
        let mut log = Self {
            steps: Vec::new(),
            states: Vec::new(),
            said: Vec::new(),
        };
        let (text, statistics) = parts(end_of(text));
        for line in lines(text).chain(lines(statistics)) {
            if let Some((index, rest)) = numbered(line) {
                log.states.push((log.steps.len(), line));
                log.steps.push(Step::Instruction(index, rest));
                log.said.clear();
            } else if let Some(branch) = branch(line) {
                log.states.push((log.steps.len(), line));
                log.steps.push(Step::From(branch));
            } else if is_registers(line) {
                log.states.push((log.steps.len().saturating_sub(1), line));
            } else if !is_state(line) {
                log.said.push(line);
            }
        }
        log
    }

    /// The position of the last instruction.
    pub(super) fn last(&self) -> Option<usize> {
        self.last_with(|_, _| true)
    }

    /// The position of the last instruction that matches `wanted`.
    pub(super) fn last_with(&self, wanted: impl Fn(usize, &str) -> bool) -> Option<usize> {
        self.steps.iter().rposition(|step| match step {
            Step::Instruction(index, rest) => wanted(*index, text(rest)),
            Step::From(_) => false,
        })
    }

    /// The last loop in the log: the numbers of its first and last instruction.
    pub(super) fn last_loop(&self) -> Option<(usize, usize)> {
        const BACK: &str = "goto pc-";
        let (end, text) = self.instruction(self.last_with(|_, text| text.contains(BACK))?)?;
        let (_, back) = text.split_once(BACK)?;
        // a jump is relative to the next instruction
        let begin = (end + 1).checked_sub(back.parse().ok()?)?;
        Some((begin, end))
    }

    /// The instruction at a position, with the verifier's number.
    pub(super) fn instruction(&self, at: usize) -> Option<(usize, &'a str)> {
        match *self.steps.get(at)? {
            Step::Instruction(index, rest) => Some((index, text(rest))),
            Step::From(_) => None,
        }
    }

    pub(super) fn index(&self, at: usize) -> Option<usize> {
        self.instruction(at).map(|(index, _)| index)
    }

    /// The positions on the path to `at`, excluding `at`, nearest first.
    pub(super) fn back(&self, at: usize) -> impl Iterator<Item = usize> {
        let mut next = Some(at);
        std::iter::from_fn(move || {
            let this = next?.checked_sub(1)?;
            next = match self.steps[this] {
                Step::Instruction(..) => Some(this),
                Step::From(branch) => {
                    let is_branch = |step: &Step<'_>| matches!(step, Step::Instruction(index, _) if *index == branch);
                    let branch = self.steps[..this].iter().rposition(is_branch);
                    branch.map(|branch| branch + 1)
                }
            };
            Some(this)
        })
    }

    /// What the verifier last said about a register or stack slot before `at`, such as `R6` or
    /// `fp-8`, with the position.
    pub(super) fn known(&self, at: usize, name: &str) -> Option<(usize, &'a str)> {
        self.back(at).find_map(|at| {
            let end = self.states.partition_point(|&(position, _)| position <= at);
            let mut lines = self.states[..end].iter().rev();
            lines
                .by_ref()
                .take_while(|&&(position, _)| position == at)
                .find_map(|&(_, line)| Some((at, value(line, name)?)))
        })
    }
}

/// The last megabytes of a log.
fn end_of(log: &str) -> &str {
    let mut begin = log.len().saturating_sub(MOST);
    while !log.is_char_boundary(begin) {
        begin += 1;
    }
    &log[begin..]
}

/// The lines without the blanks around them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let ends = memchr_iter(b'\n', text.as_bytes()).chain([text.len()]);
    let mut begin = 0;
    ends.map(move |end| {
        let line = text[begin..end].trim_ascii();
        begin = end + 1;
        line
    })
}

/// The log, and the kernel's last lines from `processed 12 insns` on, which follow a message at once
/// if it lacks a newline.
fn parts(text: &str) -> (&str, &str) {
    const LAST: usize = 16 << 10;
    let mut last = text.len().saturating_sub(LAST);
    while !text.is_char_boundary(last) {
        last += 1;
    }
    let mut found = text[last..].rmatch_indices("processed ");
    let begin = found.find_map(|(at, _)| {
        let line = text[last + at..].lines().next().unwrap_or_default();
        line.contains(" insns (limit ").then_some(last + at)
    });
    text.split_at(begin.unwrap_or(text.len()))
}

/// `12: (79) r1 = *(u64 *)(r0 +0)  ; R0=…`: the number, and what is behind it.
pub(super) fn numbered(line: &str) -> Option<(usize, &str)> {
    // most lines are no more than that, and there are many
    let digits = line.bytes().position(|byte| !byte.is_ascii_digit())?;
    let rest = line[digits..].strip_prefix(": ")?;
    match rest.as_bytes() {
        [b'<', ..] | [b'(', _, _, b')', b' ', ..] => Some((line[..digits].parse().ok()?, rest)),
        _ => None,
    }
}

/// `(79) r1 = *(u64 *)(r0 +0)  ; R0=…` without the opcode and the register state.
fn text(rest: &str) -> &str {
    const OPCODE: usize = "(79) ".len();
    if rest.starts_with('<') {
        return rest;
    }
    let text = rest.split(';').next().unwrap_or(rest);
    let text = text.get(OPCODE..).unwrap_or_default().trim_ascii();
    // the state is on the same line if the branch is taken at once
    let jump = text.starts_with("if ").then(|| text.find(" goto pc"));
    let Some(jump) = jump.flatten() else {
        return text;
    };
    let target = jump + " goto pc".len();
    let end = text[target..].find(' ');
    &text[..end.map_or(text.len(), |end| target + end)]
}

/// The value of `name` in a state: `R6=ctx() fp-8_w=0`.
fn value<'a>(state: &'a str, name: &str) -> Option<&'a str> {
    state.split(' ').find_map(|word| {
        let (found, value) = word.split_once('=')?;
        let found = found.split_once('_').map_or(found, |(found, _)| found);
        (found == name).then_some(value)
    })
}

/// `from 4 to 6: R0=…`
fn branch(line: &str) -> Option<usize> {
    let (index, _) = line.strip_prefix("from ")?.split_once(" to ")?;
    index.parse().ok()
}

/// True for lines about the verifier's progress rather than its findings.
fn is_state(line: &str) -> bool {
    const BEGINS: [&str; 18] = [
        ";",
        "processed ",
        "verification time ",
        "stack depth ",
        "insns processed ",
        "cur state:",
        "old state:",
        "caller:",
        "callee:",
        "returning from callee:",
        "to caller at ",
        "func#",
        "Func#",
        "Validating ",
        "mark_precise:",
        "last_idx ",
        "regs=",
        "parent ",
    ];
    line.is_empty() || BEGINS.iter().any(|begin| line.starts_with(begin)) || is_registers(line)
}

/// True for `R0=inv1 R10=fp0`, with or without `12: ` or `frame1: ` in front.
fn is_registers(line: &str) -> bool {
    let line = match line.split_once(": ") {
        Some((frame, rest)) if frame.strip_prefix("frame").is_some_and(is_number) => rest,
        _ => line,
    };
    let line = match line.split_once(": ") {
        Some((index, rest)) if is_number(index) => rest,
        _ => line,
    };
    let word = line.split(' ').next().unwrap_or_default();
    let name = word.split(['=', '_']).next().unwrap_or_default();
    name.len() < word.len() && register(name, 'R').is_some()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The number in `r6`, for the prefix `r`.
pub(super) fn register(text: &str, prefix: char) -> Option<u8> {
    text.strip_prefix(prefix)?.parse().ok()
}

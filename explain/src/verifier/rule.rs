use super::log::Log;
use super::rules::{NULL_ON_A_PATH, OTHER, RULES, Rule, STALE_PACKET, USED_AFTER_SUBMIT};
use super::story::Lost;
use super::{LineInfo, Place, story};
use crate::Code;

impl Rule {
    /// The rule that matches the verifier's final message.
    pub(super) fn of(log: &Log<'_>) -> &'static Self {
        let words = log.said.join("\n") + "\n";
        let fits = |rule: &&Self| rule.says.iter().any(|text| words.contains(text));
        let rule = RULES.iter().find(fits).unwrap_or(&OTHER);
        let is_number = match rule.code {
            Code::NUMBER_AS_POINTER => true,
            Code::ARGUMENT => words.contains(" type=scalar ") || words.contains(" type=inv "),
            _ => false,
        };
        match Lost::of(log).filter(|_| is_number) {
            Some(Lost::Released) => &USED_AFTER_SUBMIT,
            Some(Lost::Null) => &NULL_ON_A_PATH,
            Some(Lost::Moved) => &STALE_PACKET,
            None => rule,
        }
    }

    /// The problem, to follow the name of the program.
    pub(super) fn what(&self, said: &str) -> String {
        let name = match self.code {
            Code::HELPER => word_after(said, &["helper ", "func "]),
            Code::UNKNOWN_FUNCTION => super::quoted(said, "'"),
            Code::CORE_FIELD => return self.what.replace("{}", &relocated(said)),
            _ => None,
        };
        let name = name.map_or_else(|| "something".to_owned(), |name| format!("`{name}`"));
        self.what.replace("{}", &name)
    }

    /// The position of the instruction at fault; `None` if it is not in the log.
    pub(super) fn position(&self, log: &Log<'_>) -> Option<usize> {
        let named = |index, _: &str| Some(index) == self.number(log);
        log.last_with(named).or_else(|| log.last())
    }

    /// The number of the instruction at fault, if the verifier's message contains it.
    fn number(&self, log: &Log<'_>) -> Option<usize> {
        if self.code != Code::ENDLESS_LOOP {
            return None;
        }
        let mut said = log.said.iter();
        said.find_map(|line| line.rsplit(' ').next()?.parse().ok())
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
            // the log has no instruction if the combined stack size is the only problem
            Code::STACK_TOO_LARGE if log.last().is_none() => lines.first_call(program),
            _ => lines.place(program, index()?),
        }
    }
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

use super::log::Log;
use super::rules::Rule;
use super::{Diagnosis, LineInfo, Place, Span, draw, story};

/// Explains why the verifier rejects `program`, whose name may be unknown: empty.
pub(super) fn explain(program: &str, log: &Log<'_>, lines: &dyn LineInfo) -> Option<Diagnosis> {
    log.said.first()?;
    let (rule, said) = Rule::of(log);
    let at = rule.position(log);
    let place = rule.place(program, log, lines);
    let mut spans = Vec::new();
    spans.extend(place.map(|place| Span {
        place,
        label: said.to_owned(),
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
    // the message is the label of the first span, if there is one
    let is_shown = |line: &&str| !spans.is_empty() && *line == said;
    let others = log.said.iter().filter(|line| !is_shown(line));
    notes.extend(others.map(|&line| line.to_owned()));
    let name = match program {
        "" => "the program".to_owned(),
        name => format!("`{name}`"),
    };
    Some(Diagnosis {
        code: rule.code,
        message: format!(
            "{name} {}",
            rule.what(said, instruction.map_or("", |(_, text)| text))
        ),
        fix: rule.fix(log),
        subjects: vec![format!("prog '{program}'")],
        spans,
        notes,
    })
}

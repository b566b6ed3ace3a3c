use std::ops::Range;

use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str,
};

use super::{LineInfo, Place, Span};
use crate::printable;

/// Stands for a single unknown line; the renderer omits longer gaps.
const UNKNOWN: &str = "...";

/// The maximum distance between lines shown together: line numbers in an object are untrusted.
const FARTHEST: usize = 2000;

/// Draws the spans like rustc, followed by the notes. The first span is the one at fault.
pub(super) fn draw(
    spans: &[Span],
    notes: &[String],
    lines: &dyn LineInfo,
    coloured: bool,
) -> String {
    let spans: Vec<_> = spans.iter().map(with_harmless_text).collect();
    let mut files: Vec<&str> = Vec::new();
    for span in &spans {
        if !files.contains(&span.place.file.as_str()) {
            files.push(&span.place.file);
        }
    }
    let mut group = Group::with_level(Level::ERROR);
    for file in files {
        group = group.element(snippet(file, &spans, lines));
    }
    let notes = notes.iter().map(|note| harmless(note));
    group = group.elements(notes.map(|note| Level::NOTE.no_name().message(note)));
    if group.is_empty() {
        return String::new();
    }
    let renderer = match coloured {
        true => Renderer::styled(),
        false => Renderer::plain(),
    };
    renderer.render(&[group]) + "\n"
}

/// Escapes names: they come from the object and are untrusted.
fn harmless(text: &str) -> String {
    normalize_untrusted_str(&printable(text))
}

/// Escapes the text first, because the underlined range is computed from it.
fn with_harmless_text(span: &Span) -> Span {
    let mut span = span.clone();
    span.place.text = printable(&span.place.text).into_owned();
    span
}

/// The lines of `file` that have a span, and the lines between them.
fn snippet<'a>(
    file: &'a str,
    spans: &'a [Span],
    lines: &dyn LineInfo,
) -> Snippet<'a, Annotation<'a>> {
    let mut here: Vec<_> = spans
        .iter()
        .filter(|span| span.place.file == file)
        .collect();
    let at = here.first().map_or(1, |span| span.place.line);
    here.retain(|span| span.place.line.abs_diff(at) <= FARTHEST);
    let numbers = || here.iter().map(|span| span.place.line);
    let first = numbers().min().unwrap_or(1);
    let last = numbers().max().unwrap_or(first);
    let mut source = String::new();
    let mut begins = Vec::new();
    for number in first..=last {
        begins.push(source.len());
        let known = here.iter().find(|span| span.place.line == number);
        match known {
            Some(span) => source.push_str(&span.place.text),
            None => source.push_str(
                &lines
                    .line(file, number)
                    .map_or_else(|| UNKNOWN.to_owned(), |line| printable(&line).into_owned()),
            ),
        }
        source.push('\n');
    }
    let annotations = here.iter().map(|span| {
        let kind = match **span == spans[0] {
            true => AnnotationKind::Primary,
            false => AnnotationKind::Context,
        };
        let begin = begins[span.place.line - first];
        let Range { start, end } = marked(&span.place);
        kind.span(begin + start..begin + end)
            .label(harmless(&span.label))
    });
    let annotations: Vec<_> = annotations.collect();
    Snippet::source(source)
        .path(harmless(file))
        .line_start(first)
        .annotations(annotations)
}

/// True if both places underline the same range.
pub(super) fn is_same(one: &Place, other: &Place) -> bool {
    (&one.file, one.line, marked(one)) == (&other.file, other.line, marked(other))
}

/// The range to underline: the name at the compiler's column, or else the whole statement.
fn marked(place: &Place) -> Range<usize> {
    let text = place.text.as_str();
    let code = text.find("/*").map_or(text, |comment| &text[..comment]);
    let code = code.trim_end_matches([';', '{', ' ', '\t']);
    let indent = code.len() - code.trim_start().len();
    let start = place.column.saturating_sub(1);
    let rest = code
        .get(start..)
        .filter(|_| place.column > 0)
        .unwrap_or_default();
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    match rest.find(|c| !is_name(c)).unwrap_or(rest.len()) {
        0 => indent..code.len(),
        length => start..start + length,
    }
}

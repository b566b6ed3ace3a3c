//! A page with the flame graph and a table of the functions, in one file.

use std::collections::HashMap;
use std::collections::HashSet;
use std::fmt::Write as _;

use super::Report;

const PAGE: &str = include_str!("page.html");

/// Samples in a function itself, and with the functions that it has called.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    own: u64,
    total: u64,
}

pub(super) fn write(svg: &[u8], report: &Report) -> Vec<u8> {
    let svg = String::from_utf8_lossy(svg);
    // in a page it has no heading of its own
    let start = svg.find("<svg").unwrap_or(0);
    let parts = [
        ("{{ graph }}", svg[start..].to_owned()),
        ("{{ rows }}", rows(report)),
    ];
    let mut page = String::new();
    let mut rest = PAGE;
    for (mark, text) in parts {
        let (before, after) = rest.split_once(mark).unwrap_or((rest, ""));
        page.push_str(before);
        page.push_str(&text);
        rest = after;
    }
    page.push_str(rest);
    page.into_bytes()
}

/// A row for each function, those with the most own samples first.
fn rows(report: &Report) -> String {
    let mut functions: Vec<_> = counts(report).into_iter().collect();
    functions.sort_by(|(a, left), (b, right)| {
        (right.own, right.total, a).cmp(&(left.own, left.total, b))
    });
    let percent = |count: u64| 100.0 * count as f64 / report.samples as f64;
    let mut rows = String::new();
    for (function, Counts { own, total }) in functions {
        let function = &report.named.functions[function];
        let kernel = if function.is_kernel { " (kernel)" } else { "" };
        let _ = writeln!(
            rows,
            "<tr><td>{own}<td>{:.1}<td>{total}<td>{:.1}<td><a>{}</a>{kernel}<td>{}",
            percent(own),
            percent(total),
            escaped(&function.name),
            escaped(&function.source),
        );
    }
    rows
}

fn counts(report: &Report) -> HashMap<usize, Counts> {
    let named = &report.named;
    let mut counts = HashMap::<_, Counts>::new();
    for stack in &named.stacks {
        let places = stack.places.iter().map(|place| &named.places[*place]);
        let functions: Vec<_> = places
            .flat_map(|place| &place.lines)
            .map(|line| line.0)
            .collect();
        if let Some(innermost) = functions.last() {
            counts.entry(*innermost).or_default().own += stack.count;
        }
        // one that calls itself counts once
        for function in functions.into_iter().collect::<HashSet<_>>() {
            counts.entry(function).or_default().total += stack.count;
        }
    }
    counts
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

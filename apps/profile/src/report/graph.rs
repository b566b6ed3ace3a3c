//! The flame graph, which searches and zooms in a browser.

use bpfapps_core::{Context as _, Result};
use inferno::flamegraph::color::{MultiPalette, Palette};
use inferno::flamegraph::{self, Options, TextTruncateDirection};

use super::Report;

/// Draws folded stacks; with two numbers each, their difference.
pub(super) fn draw(lines: &str, report: &Report) -> Result<Vec<u8>> {
    let mut options = Options::default();
    "bpfapps profile".clone_into(&mut options.title);
    options.subtitle = Some(report.about());
    // the kernel has another colour, and a function always the same one
    options.colors = Palette::Multi(MultiPalette::Java);
    options.hash = true;
    options.text_truncate_direction = TextTruncateDirection::Right;
    let mut svg = Vec::new();
    flamegraph::from_lines(&mut options, lines.lines(), &mut svg)
        .context("failed to draw the flame graph")?;
    Ok(svg)
}

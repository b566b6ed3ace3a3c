//! Aggregates figures, and prints tables of them.

use anyhow::{Context, Result};
use bpfapps_task::out;

/// The median.
pub(crate) fn median(figures: &[f64]) -> Result<f64> {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = sorted.get(middle).context("nothing was measured")?;
    Ok(match sorted.len() % 2 {
        0 => f64::midpoint(sorted[middle - 1], *upper),
        _ => *upper,
    })
}

/// The largest one.
pub(crate) fn largest(figures: &[f64]) -> Result<f64> {
    let largest = figures.iter().copied().max_by(f64::total_cmp);
    largest.context("nothing was measured")
}

/// The smallest one.
pub(crate) fn smallest(figures: &[f64]) -> Result<f64> {
    let smallest = figures.iter().copied().min_by(f64::total_cmp);
    smallest.context("nothing was measured")
}

/// `figure` as a multiple of `base`.
pub(crate) fn ratio(figure: f64, base: f64) -> String {
    format!("{:.2} x", figure / base)
}

/// Rows below a title line; its first column is text, the others are figures.
pub(crate) struct Table {
    lines: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<const N: usize>(title: [&str; N]) -> Self {
        let title = title.map(str::to_owned).to_vec();
        Self { lines: vec![title] }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.lines.push(cells.to_vec());
    }

    /// Writes it to stdout below an empty line.
    pub(crate) fn print(&self) -> Result<()> {
        out::result(format_args!("\n{}", self.text()))
    }

    fn text(&self) -> String {
        let width = |column: usize| {
            let cells = self.lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let lines = self.lines.iter().map(|line| {
            let cells = line.iter().enumerate().map(|(column, cell)| {
                let width = width(column);
                match column {
                    0 => format!("{cell:<width$}"),
                    _ => format!("{cell:>width$}"),
                }
            });
            let line = cells.collect::<Vec<_>>().join("  ");
            line.trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// A figure with an upper limit.
pub(crate) struct Goal {
    pub(crate) what: &'static str,
    pub(crate) measured: f64,
    pub(crate) at_most: f64,
    /// Follows both numbers: " ns".
    pub(crate) unit: &'static str,
}

/// Shows each goal, and whether it was met.
pub(crate) fn goals(goals: &[Goal]) -> Table {
    let mut table = Table::new(["goal", "measured", "at most", ""]);
    for goal in goals {
        let met = goal.measured <= goal.at_most;
        table.row([
            goal.what.to_owned(),
            format!("{}{}", short(goal.measured), goal.unit),
            format!("{}{}", short(goal.at_most), goal.unit),
            if met { "met" } else { "missed" }.to_owned(),
        ]);
    }
    table
}

/// Three digits of a small number, and all of a large one.
fn short(number: f64) -> String {
    let rounded = match number {
        ..10.0 => format!("{number:.2}"),
        ..100.0 => format!("{number:.1}"),
        _ => return format!("{number:.0}"),
    };
    rounded
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_of_odd_even_and_none() -> Result<()> {
        assert!((median(&[9.0, 1.0, 2.0])? - 2.0).abs() < 1e-9);
        assert!((median(&[4.0, 1.0, 9.0, 2.0])? - 3.0).abs() < 1e-9);
        assert!(median(&[]).is_err());
        Ok(())
    }

    #[test]
    fn ends() -> Result<()> {
        let figures = [2.0, 9.0, 1.0];
        assert!((largest(&figures)? - 9.0).abs() < 1e-9);
        assert!((smallest(&figures)? - 1.0).abs() < 1e-9);
        Ok(())
    }

    #[test]
    fn figures_stand_below_each_other() {
        let mut table = Table::new(["what", "time", "to C"]);
        table.row(["Rust".to_owned(), "12.5 ms".to_owned(), ratio(12.5, 10.0)]);
        table.row(["C".to_owned(), "9.9 ms".to_owned(), ratio(10.0, 10.0)]);
        assert_eq!(
            table.text(),
            "what     time    to C\n\
             Rust  12.5 ms  1.25 x\n\
             C      9.9 ms  1.00 x"
        );
    }

    #[test]
    fn a_goal_is_met_up_to_its_limit() {
        let goal = |what, measured| Goal {
            what,
            measured,
            at_most: 900.0,
            unit: " ns",
        };
        assert_eq!(
            goals(&[goal("an exit", 900.0), goal("an exec", 900.1)]).text(),
            "goal     measured  at most\n\
             an exit    900 ns   900 ns     met\n\
             an exec    900 ns   900 ns  missed"
        );
    }

    #[test]
    fn short_numbers_keep_what_tells_them_apart() {
        let numbers = [0.0, 0.07, 0.1, 3.0, 5.26, 99.96, 120.4];
        assert_eq!(
            numbers.map(short),
            ["0", "0.07", "0.1", "3", "5.26", "100", "120"]
        );
    }
}

use bpfapps_explain::escape;

use super::values::Histogram;

/// Width of a bar where that of the terminal is not known.
const WIDTH: usize = 80;

/// The least width of a bar that still shows something.
const LEAST: usize = 4;

/// The histograms of a row, as lines below it.
#[derive(Debug)]
pub struct Bars<'a> {
    pub(super) out: &'a mut Vec<u8>,
    /// Width of the terminal in cells, if it is one.
    pub(super) width: Option<usize>,
}

impl Bars<'_> {
    /// Adds the histogram of field `name`: a line for each bucket from the first to the last that is not
    /// empty.
    pub fn add(&mut self, name: &str, histogram: &Histogram<'_>) {
        let unit = histogram.unit();
        let text = |value| {
            let mut text = Vec::new();
            unit.push(value, &mut text);
            String::from_utf8_lossy(&text).into_owned()
        };
        let buckets: Vec<_> = histogram
            .used()
            .map(|(from, end, count)| {
                let end = end.map_or_else(|| "...".to_owned(), text);
                (format!("[{}, {end})", text(from)), count)
            })
            .collect();
        let most = buckets.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let bounds = buckets.iter().map(|(bounds, _)| bounds.len()).max();
        let (bounds, number) = (bounds.unwrap_or(0), most.to_string().len());
        let width = self.width.unwrap_or(WIDTH);
        let bar = width.saturating_sub(bounds + number + 6).max(LEAST);
        self.out.extend_from_slice(b"  ");
        escape(name.as_bytes(), self.out);
        self.out.push(b'\n');
        for (of, count) in buckets {
            let filled = (u128::from(count) * bar as u128).div_ceil(u128::from(most.max(1)));
            let line = format!(
                "  {of:<bounds$} {count:>number$} |{:<bar$}|\n",
                "@".repeat(filled as usize)
            );
            self.out.extend_from_slice(line.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::values::{Buckets, Unit};

    fn shown(width: usize) -> String {
        let mut buckets = [0; 64];
        (buckets[11], buckets[13]) = (4, 1);
        let mut out = Vec::new();
        let mut bars = Bars {
            out: &mut out,
            width: Some(width),
        };
        bars.add(
            "latency_ns",
            &Histogram::new(0, &buckets, Buckets::Log2, Unit::Ns),
        );
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn longest_bar_fills_the_line() {
        assert_eq!(
            shown(40),
            "  latency_ns\n\
             \x20 [1.02us, 2.04us) 4 |@@@@@@@@@@@@@@@@@|\n\
             \x20 [2.04us, 4.09us) 0 |                 |\n\
             \x20 [4.09us, 8.19us) 1 |@@@@@            |\n"
        );
        assert!(shown(20).contains("4 |@@@@|\n"), "{}", shown(20));
    }
}

//! What is written of the samples.

mod folded;
mod graph;
pub(crate) mod named;
mod page;
mod pprof;
mod proto;

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use bpfapps_core::{Result, c_bytes, output};

use named::Named;

pub(crate) use folded::Before;

/// The formats of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Stacks and their samples, a line each
    Folded,
    /// A flame graph that searches and zooms in a browser
    Svg,
    /// A page with the flame graph and a table of the functions
    Html,
    /// For pprof and whatever reads its files
    Pprof,
}

impl Format {
    /// By the end of its name.
    pub(crate) fn of_file(path: Option<&Path>) -> Self {
        let name = path.map_or(b"".as_slice(), |path| path.as_os_str().as_bytes());
        let ends = [
            (".svg", Self::Svg),
            (".html", Self::Html),
            (".pb.gz", Self::Pprof),
        ];
        let found = ends.iter().find(|(end, _)| name.ends_with(end.as_bytes()));
        found.map_or(Self::Folded, |(_, format)| *format)
    }

    /// True for what a terminal does not show.
    pub(crate) fn is_binary(self) -> bool {
        self == Self::Pprof
    }

    /// The whole text or file, as a difference to an earlier run if there is one.
    pub(crate) fn render(self, report: &Report, before: Option<&Before>) -> Result<Vec<u8>> {
        if self == Self::Pprof {
            return pprof::file(report);
        }
        let lines = folded::lines(report);
        let lines = match before {
            Some(before) => before.compare(&lines)?,
            None => lines,
        };
        match self {
            Self::Svg => graph::draw(&lines, report),
            Self::Html => Ok(page::write(&graph::draw(&lines, report)?, report)),
            Self::Folded | Self::Pprof => Ok(lines.into_bytes()),
        }
    }
}

/// Named samples, and how they were taken.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) named: Named,
    pub(crate) samples: u64,
    pub(crate) hz: u64,
    pub(crate) seconds: f64,
}

impl Report {
    pub(crate) fn new(named: Named, hz: u64, seconds: f64) -> Self {
        Self {
            samples: named.stacks.iter().map(|stack| stack.count).sum(),
            named,
            hz,
            seconds,
        }
    }

    /// How much was sampled.
    fn about(&self) -> String {
        let Self {
            samples,
            hz,
            seconds,
            ..
        } = self;
        format!("{samples} samples in {seconds:.1} s, {hz} per second and CPU")
    }
}

/// Text from outside, on one line, and without what separates functions in folded stacks.
pub(crate) fn shown(text: &[u8]) -> String {
    let mut escaped = Vec::new();
    output::escape(c_bytes(text), &mut escaped);
    let text = String::from_utf8_lossy(&escaped).replace(';', ":");
    match text.is_empty() {
        true => "?".to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::named::{Function, NamedStack, Place};
    use super::*;
    use crate::places::Frame;

    /// One sample of a function with that name.
    fn report(name: &str) -> Report {
        let named = Named {
            functions: vec![Function {
                name: shown(name.as_bytes()),
                source: shown(name.as_bytes()),
                is_kernel: false,
            }],
            places: vec![Place {
                frame: Frame::Unknown,
                lines: vec![(0, 0)],
            }],
            stacks: vec![NamedStack {
                comm: shown(name.as_bytes()),
                places: vec![0],
                count: 1,
            }],
            ..Named::default()
        };
        Report::new(named, 99, 1.0)
    }

    fn render(format: Format, name: &str) -> String {
        let bytes = format.render(&report(name), None).expect("it is drawn");
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn names_are_text_and_nothing_else() {
        let hostile = "</title><script>alert(1)</script>\n]]>&lt;\x1b[2J;x";
        for format in [Format::Svg, Format::Html] {
            let text = render(format, hostile);
            assert!(text.contains("alert(1)"), "{text}");
            let scripts = |text: &str| text.matches("<script").count();
            assert_eq!(scripts(&text), scripts(&render(format, "x")), "{text}");
            assert!(!text.contains('\x1b'), "{text}");
        }
        let folded = render(Format::Folded, hostile);
        assert_eq!(folded.lines().count(), 1, "{folded}");
        assert_eq!(folded.matches(';').count(), 1, "{folded}");
    }

    #[test]
    fn format_is_that_of_the_name() {
        let of = |name| Format::of_file(Some(Path::new(name)));
        assert_eq!(of("a/b.svg"), Format::Svg);
        assert_eq!(of("b.pb.gz"), Format::Pprof);
        assert_eq!(of("b.svg/c"), Format::Folded);
        assert_eq!(Format::of_file(None), Format::Folded);
    }
}

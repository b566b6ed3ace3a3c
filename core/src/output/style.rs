use std::ffi::OsString;

use bpfapps_explain::is_coloured;
use clap::ColorChoice;

/// The meaning of a column's colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// The name of a column.
    Title,
    /// Something begins.
    Start,
    /// Something ends.
    End,
    /// It went wrong.
    Failure,
}

/// Ends every style.
pub(super) const PLAIN: &[u8] = b"\x1b[0m";

impl Style {
    pub(super) fn begin(self) -> &'static [u8] {
        match self {
            Self::Title => b"\x1b[1m",
            Self::Start => b"\x1b[32m",
            Self::End => b"\x1b[36m",
            Self::Failure => b"\x1b[31m",
        }
    }
}

/// True if stdout is to be coloured; `variable` reads the environment.
pub(super) fn is_wanted(
    choice: ColorChoice,
    on_terminal: bool,
    variable: impl Fn(&str) -> Option<OsString>,
) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => is_coloured(on_terminal, variable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_colours_a_terminal_that_can_and_may() {
        let auto = |on_terminal, term: Option<&str>, no_color: Option<&str>| {
            is_wanted(ColorChoice::Auto, on_terminal, |name| match name {
                "TERM" => term.map(OsString::from),
                "NO_COLOR" => no_color.map(OsString::from),
                _ => None,
            })
        };
        assert!(auto(true, Some("xterm"), None));
        assert!(auto(true, Some("xterm"), Some("")));
        assert!(!auto(true, Some("xterm"), Some("1")));
        assert!(!auto(true, Some("dumb"), None));
        assert!(!auto(true, None, None));
        assert!(!auto(false, Some("xterm"), None));
    }

    #[test]
    fn who_says_so_is_obeyed() {
        let nothing = |_: &str| None;
        assert!(is_wanted(ColorChoice::Always, false, nothing));
        assert!(!is_wanted(ColorChoice::Never, true, |_| Some(
            "xterm".into()
        )));
    }
}

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal as _};

/// True if a stream gets colours that nobody asked for or against; `variable` reads the
/// environment.
pub fn is_coloured(on_terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> bool {
    // https://no-color.org: an empty one does not count
    let refused = || variable("NO_COLOR").is_some_and(|value| !value.is_empty());
    on_terminal && knows_escapes(&variable) && !refused()
}

/// True if terminals of this environment know escape sequences.
pub fn knows_escapes(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    variable("TERM").is_some_and(|term| !term.is_empty() && term != "dumb")
}

/// The same for stderr.
pub fn stderr_is_coloured() -> bool {
    is_coloured(io::stderr().is_terminal(), |name| env::var_os(name))
}

/// Paints `error:` or `error[BPF0001]:` in red where a line begins with it.
pub fn coloured(report: &str) -> String {
    let lines = report.split_inclusive('\n');
    lines.map(line).collect()
}

fn line(line: &str) -> String {
    let text = line.trim_start_matches(' ');
    let word = text.find(':').map(|end| text.split_at(end + 1));
    match word {
        Some((word, rest)) if word == "error:" || is_coded(word) => {
            let indent = &line[..line.len() - text.len()];
            format!("{indent}\x1b[1;31m{word}\x1b[0m{rest}")
        }
        _ => line.to_owned(),
    }
}

fn is_coded(word: &str) -> bool {
    word.starts_with("error[BPF") && word.ends_with("]:")
}

#[cfg(test)]
mod tests {
    use super::coloured;

    #[test]
    fn only_the_word_is_painted() {
        for (plain, painted) in [
            ("error: no: x\n", "\u{1b}[1;31merror:\u{1b}[0m no: x\n"),
            (
                "  error[BPF0012]: x\nhint: y",
                "  \u{1b}[1;31merror[BPF0012]:\u{1b}[0m x\nhint: y",
            ),
            ("a.c:1:2: error: x\n", "a.c:1:2: error: x\n"),
            ("errors: 3\nerror", "errors: 3\nerror"),
        ] {
            assert_eq!(coloured(plain), painted);
        }
    }
}

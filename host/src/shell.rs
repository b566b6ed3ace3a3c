//! Commands for the user to paste into a shell.

use std::ffi::OsStr;

/// Joins the words to one command, and quotes those with special characters.
pub fn command(words: &[&OsStr]) -> String {
    let words = words.iter().map(|word| word.to_string_lossy());
    shell_words::join(words)
}

/// A word of a command.
pub fn word(name: &OsStr) -> String {
    command(&[name])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_runs_no_second_command() {
        let quoted = |name: &str| command(&["chmod".as_ref(), name.as_ref()]);
        assert_eq!(quoted("/usr/bin/a-1"), "chmod /usr/bin/a-1");
        assert_eq!(quoted("/a b;reboot"), "chmod '/a b;reboot'");
        assert_eq!(quoted("$(x)"), "chmod '$(x)'");
    }
}

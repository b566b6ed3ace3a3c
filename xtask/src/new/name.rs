//! What an app may be called.

use std::path::Path;

use anyhow::{Result, bail};

use crate::out;

/// Longer names are no fun to type, and the kernel cuts what it derives from them.
const LONGEST: usize = 32;

/// Subcommands of `bpfapps` that are no apps: a test holds them against `cli/src/command.rs`.
const COMMANDS: [&str; 8] = [
    "completions",
    "config",
    "doctor",
    "explain",
    "help",
    "list",
    "man",
    "schema",
];

/// Packages of this workspace are called `bpfapps-` and one of these.
const PACKAGES: [&str; 4] = ["build", "core", "explain", "testkit"];

/// Features of `bpfapps` that are no apps.
const FEATURES: [&str; 2] = ["default", "static"];

const RUST: &str = "abstract as async await become box break const continue crate do dyn else enum \
    extern false final fn for gen if impl in let loop macro match mod move mut override priv pub \
    ref return self static struct super trait true try type typeof union unsafe unsized use \
    virtual where while yield";

const C: &str = "alignas alignof asm auto bool break case char const constexpr continue default do \
    double else enum extern false float for goto if inline int long nullptr register restrict \
    return short signed sizeof static struct switch thread_local true typedef typeof union \
    unsigned void volatile while";

/// Refuses a name that can not be one, or that is taken in the workspace at `root`.
pub(crate) fn check(name: &str, root: &Path) -> Result<()> {
    spelled(name)?;
    let folder = root.join("apps").join(name);
    // also where a link leads nowhere: nothing is overwritten
    if folder.symlink_metadata().is_ok() {
        return Err(out::hinted(
            format!("there is an app {name} already: {}", folder.display()),
            format!("choose another name, or remove it: cargo xtask remove {name}"),
        ));
    }
    Ok(())
}

/// Refuses what is no crate name and no C identifier, or means something else already.
fn spelled(name: &str) -> Result<()> {
    let Some(first) = name.chars().next() else {
        bail!("an app needs a name");
    };
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if let Some(wrong) = name.chars().find(|&c| !is_word(c)) {
        return Err(out::hinted(
            format!("`{name}` can not be an app's name: it contains {wrong:?}"),
            match suggestion(name) {
                Some(better) => format!("try `{better}`: lower-case letters, digits and `_`"),
                None => "use lower-case letters, digits and `_`".to_owned(),
            },
        ));
    }
    if !first.is_ascii_lowercase() {
        bail!("`{name}` can not be an app's name: it starts with {first:?}, not with a letter");
    }
    if name.len() > LONGEST {
        bail!("`{name}` can not be an app's name: it is longer than {LONGEST} letters");
    }
    if name.ends_with('_') || name.contains("__") {
        bail!("`{name}` can not be an app's name: `_` stands between two words");
    }
    let means = [
        (is_in(RUST, name), "a keyword of Rust"),
        (is_in(C, name), "a keyword of C"),
        (COMMANDS.contains(&name), "a command of bpfapps"),
        (PACKAGES.contains(&name), "a package of this workspace"),
        (FEATURES.contains(&name), "a feature of bpfapps"),
    ];
    if let Some((_, what)) = means.iter().find(|(means, _)| *means) {
        bail!("`{name}` can not be an app's name: it is {what}");
    }
    Ok(())
}

fn is_in(words: &str, name: &str) -> bool {
    words.split_whitespace().any(|word| word == name)
}

/// The nearest name that is spelled as one.
fn suggestion(name: &str) -> Option<String> {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    let better = words.join("_").to_ascii_lowercase();
    spelled(&better).is_ok().then_some(better)
}

/// `my_app` as a type: `MyApp`, as libbpf-cargo makes it.
pub(crate) fn camel_case(name: &str) -> String {
    let capital = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    name.split('_').map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str) -> String {
        spelled(name).map_or_else(|err| format!("{err:#}"), |()| "fine".to_owned())
    }

    #[test]
    fn names_that_are_fine() {
        for name in ["a", "opens", "my_app2", "x86", &"l".repeat(32)] {
            assert_eq!(refusal(name), "fine", "{name}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_name_is_said() {
        for (name, reason) in [
            ("", "an app needs a name"),
            ("my-app", "it contains '-'"),
            ("Opens", "it contains 'O'"),
            ("a/b", "it contains '/'"),
            ("..", "it contains '.'"),
            ("naïve", "it contains 'ï'"),
            ("a\n", r"it contains '\n'"),
            ("2fast", "it starts with '2'"),
            ("_a", "it starts with '_'"),
            ("a__b", "`_` stands between two words"),
            ("a_", "`_` stands between two words"),
            (&"l".repeat(33), "longer than 32"),
            ("match", "a keyword of Rust"),
            ("goto", "a keyword of C"),
            ("list", "a command of bpfapps"),
            ("core", "a package of this workspace"),
            ("default", "a keyword of C"),
        ] {
            let said = refusal(name);
            assert!(said.contains(reason), "{name:?}: {said}");
        }
    }

    #[test]
    fn a_name_near_by_is_offered() {
        assert_eq!(suggestion("My-App"), Some("my_app".to_owned()));
        assert_eq!(suggestion("-"), None);
        assert_eq!(suggestion("Match!"), None);
    }

    #[test]
    fn every_command_of_bpfapps_is_taken() {
        let command = include_str!("../../../cli/src/command.rs");
        let (_, body) = command.split_once("enum Document {").expect("the enum");
        let (body, _) = body.split_once("\n}").expect("its end");
        let variants: Vec<_> = body
            .lines()
            .filter_map(|line| line.strip_prefix("    "))
            .filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()))
            .filter_map(|line| line.split([' ', ',', '(']).next())
            .map(str::to_lowercase)
            .collect();
        assert!(variants.len() >= 4, "{variants:?}");
        for variant in variants {
            assert!(COMMANDS.contains(&variant.as_str()), "{variant}");
        }
    }

    #[test]
    fn types_are_camel_case() {
        assert_eq!(camel_case("opens"), "Opens");
        assert_eq!(camel_case("my_app2"), "MyApp2");
    }
}

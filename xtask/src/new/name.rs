//! Valid names of apps.

use std::path::Path;

use anyhow::{Result, bail};
use bpfapps_task::workspace::Workspace;
use bpfapps_templates::Release;

use crate::out;

/// Longer names are tedious to type, and the kernel truncates names derived from them.
const LONGEST: usize = 32;

/// Subcommands of each binary that are no apps: a test holds them against what `--help` says.
const COMMANDS: [&str; 9] = [
    "completions",
    "config",
    "doctor",
    "explain",
    "help",
    "list",
    "man",
    "schema",
    "verify",
];

/// Names that a new app must not have, because they are in use.
#[derive(Debug)]
pub(crate) struct Taken {
    /// The binary, with whose name the package of each app begins.
    pub(crate) binary: String,
    apps: Vec<String>,
    features: Vec<String>,
    packages: Vec<String>,
}

impl Taken {
    /// In a workspace.
    pub(crate) fn within(workspace: &Workspace) -> Result<Self> {
        let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
        Ok(Self {
            binary: workspace.binary()?.to_owned(),
            apps: owned(workspace.apps()?),
            features: owned(workspace.features()?),
            packages: owned(workspace.packages().collect()),
        })
    }

    /// For a new repository.
    pub(super) fn by_none_but(binary: String, release: &Release) -> Self {
        let packages = release.dependencies().chain([binary.as_str(), "xtask"]);
        Self {
            packages: packages.map(str::to_owned).collect(),
            features: ["default", "static"].map(str::to_owned).to_vec(),
            apps: Vec::new(),
            binary,
        }
    }

    /// The package that one of that name would be taken for.
    fn package(&self, name: &str) -> Option<&String> {
        // to a registry, and to rustc, they are the same
        let plain = |package: &str| package.replace('-', "_");
        let mut packages = self.packages.iter();
        packages.find(|package| plain(package) == plain(name))
    }
}

const RUST: &str = "abstract as async await become box break const continue crate do dyn else enum \
    extern false final fn for gen if impl in let loop macro match mod move mut override priv pub \
    ref return self static struct super trait true try type typeof union unsafe unsized use \
    virtual where while yield";

const C: &str = "alignas alignof asm auto bool break case char const constexpr continue default do \
    double else enum extern false float for goto if inline int long nullptr register restrict \
    return short signed sizeof static struct switch thread_local true typedef typeof union \
    unsigned void volatile while";

/// Refuses a name that can not be one, or that is taken, as its package may be; `apps` is the folder
/// of the apps.
pub(crate) fn check(name: &str, package: &str, taken: &Taken, apps: &Path) -> Result<()> {
    spelled(name, &taken.binary)?;
    let folder = apps.join(name);
    // also if a link is broken: nothing is overwritten
    let place = match folder.symlink_metadata() {
        Ok(_) => Some(folder.display().to_string()),
        Err(_) if taken.apps.iter().any(|app| app == name) => Some("cli/Cargo.toml".to_owned()),
        Err(_) => None,
    };
    if let Some(place) = place {
        return Err(out::hinted(
            format!("there is an app {name} already: {place}"),
            format!("choose another name, or remove it: cargo xtask remove {name}"),
        ));
    }
    let refused = format!("`{name}` can not be an app's name");
    if taken.features.iter().any(|feature| feature == name) {
        bail!("{refused}: it is a feature of {}", taken.binary);
    }
    if let Some(package) = taken.package(package) {
        bail!("{refused}: there is a package {package} already");
    }
    Ok(())
}

/// Refuses a name that is not valid for a crate and a C identifier, or that has another meaning.
fn spelled(name: &str, binary: &str) -> Result<()> {
    let Some(first) = name.chars().next() else {
        bail!("an app needs a name");
    };
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if let Some(wrong) = name.chars().find(|&c| !is_word(c)) {
        return Err(out::hinted(
            format!("`{name}` can not be an app's name: it contains {wrong:?}"),
            match suggestion(name, binary) {
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
        bail!("`{name}` can not be an app's name: `_` is only allowed between two words");
    }
    let means = [
        (is_in(RUST, name), "a keyword of Rust"),
        (is_in(C, name), "a keyword of C"),
    ];
    if let Some((_, what)) = means.iter().find(|(means, _)| *means) {
        bail!("`{name}` can not be an app's name: it is {what}");
    }
    if COMMANDS.contains(&name) {
        bail!("`{name}` can not be an app's name: it is a command of {binary}");
    }
    Ok(())
}

fn is_in(words: &str, name: &str) -> bool {
    words.split_whitespace().any(|word| word == name)
}

/// The nearest name that is spelled as one.
fn suggestion(name: &str, binary: &str) -> Option<String> {
    let better = words(name).join("_");
    spelled(&better, binary).is_ok().then_some(better)
}

/// The words in a name, as names have them.
pub(super) fn words(name: &str) -> Vec<String> {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect()
}

/// True for keywords of Rust.
pub(super) fn is_keyword(name: &str) -> bool {
    is_in(RUST, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str) -> String {
        spelled(name, "bpfapps").map_or_else(|err| format!("{err:#}"), |()| "fine".to_owned())
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
            ("a__b", "`_` is only allowed between two words"),
            ("a_", "`_` is only allowed between two words"),
            (&"l".repeat(33), "longer than 32"),
            ("match", "a keyword of Rust"),
            ("goto", "a keyword of C"),
            ("list", "a command of bpfapps"),
            ("default", "a keyword of C"),
        ] {
            let said = refusal(name);
            assert!(said.contains(reason), "{name:?}: {said}");
        }
    }

    #[test]
    fn what_is_taken_already_is_refused() -> Result<()> {
        let refusal = |name: &str, taken: &Taken| {
            let package = bpfapps_templates::package(&taken.binary, name);
            let checked = check(name, &package, taken, Path::new("/none"));
            checked.map_or_else(|err| format!("{err:#}"), |()| "fine".to_owned())
        };
        let ours = Taken::within(Workspace::here()?)?;
        for (name, reason) in [
            ("refused", "there is a package bpfapps-refused already"),
            ("xtask", "there is a package bpfapps-xtask already"),
            ("minimal", "there is an app minimal already: cli/Cargo.toml"),
            ("static", "it is a keyword of Rust"),
            ("opens", "fine"),
        ] {
            let said = refusal(name, &ours);
            assert!(said.ends_with(reason), "{name}: {said}");
        }
        // elsewhere packages are called otherwise
        let own = Taken::by_none_but("perf".to_owned(), &Release::new()?);
        assert_eq!(refusal("refused", &own), "fine");
        let said = refusal("event2", &own);
        assert!(
            said.ends_with("there is a package perf-event2 already"),
            "{said}"
        );
        Ok(())
    }

    #[test]
    fn a_name_near_by_is_offered() {
        assert_eq!(suggestion("My-App", "bpfapps"), Some("my_app".to_owned()));
        assert_eq!(suggestion("-", "bpfapps"), None);
        assert_eq!(suggestion("Match!", "bpfapps"), None);
    }
}

//! Package managers, and the exact commands that they are given.

use std::fmt;
use std::process::Command;

use crate::path;

/// A package manager that `setup` knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manager {
    Apt,
    Dnf,
    Pacman,
    Zypper,
    Apk,
}

impl Manager {
    /// In the order in which the table of requirements names packages.
    pub(crate) const ALL: [Self; 5] = [Self::Apt, Self::Dnf, Self::Pacman, Self::Zypper, Self::Apk];

    /// The first one on PATH.
    pub(crate) fn find() -> Option<Self> {
        Self::ALL.into_iter().find(|m| path::has(m.program()))
    }

    pub(crate) fn program(self) -> &'static str {
        match self {
            Self::Apt => "apt-get",
            Self::Dnf => "dnf",
            Self::Pacman => "pacman",
            Self::Zypper => "zypper",
            Self::Apk => "apk",
        }
    }

    /// The command that fetches package lists, where installing does not.
    pub(crate) fn refresh(self) -> Option<CommandLine> {
        match self {
            Self::Apt => Some(CommandLine::new(&["apt-get", "update"])),
            // pacman's would be half an upgrade, which Arch does not support
            Self::Pacman => None,
            Self::Dnf | Self::Zypper | Self::Apk => None,
        }
    }

    /// The command that installs, without a question or an extra package.
    pub(crate) fn install(self, packages: &[&str]) -> CommandLine {
        let words: &[&str] = match self {
            Self::Apt => &[
                "env",
                "DEBIAN_FRONTEND=noninteractive",
                "apt-get",
                "install",
                "--yes",
                "--no-install-recommends",
            ],
            Self::Dnf => &[
                "dnf",
                "install",
                "--assumeyes",
                "--setopt=install_weak_deps=False",
            ],
            Self::Pacman => &["pacman", "--sync", "--needed", "--noconfirm"],
            Self::Zypper => &["zypper", "--non-interactive", "install", "--no-recommends"],
            Self::Apk => &["apk", "add", "--update-cache"],
        };
        CommandLine::new(&[words, packages].concat())
    }
}

/// A command that is shown exactly as it is run. Its words need no quoting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommandLine(Vec<String>);

impl CommandLine {
    pub(crate) fn new(words: &[&str]) -> Self {
        Self(words.iter().map(|&word| word.to_owned()).collect())
    }

    /// Several that are run one after another, as a shell is told to.
    pub(crate) fn all(lines: impl Iterator<Item = Self>) -> Self {
        let lines: Vec<_> = lines.map(|line| line.0).collect();
        Self(lines.join(&"&&".to_owned()))
    }

    /// Adds the words that run it as root, if there are any; otherwise the user has to run it as
    /// root.
    pub(crate) fn with_root(mut self) -> Self {
        let prefix = path::root_prefix().unwrap_or_default();
        self.0
            .splice(0..0, prefix.iter().map(|&word| word.to_owned()));
        self
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.0[0]);
        command.args(&self.0[1..]);
        command
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_commands() {
        let commands = Manager::ALL.map(|m| m.install(&["clang", "make"]).to_string());
        assert_eq!(
            commands,
            [
                "env DEBIAN_FRONTEND=noninteractive apt-get install --yes \
                 --no-install-recommends clang make",
                "dnf install --assumeyes --setopt=install_weak_deps=False clang make",
                "pacman --sync --needed --noconfirm clang make",
                "zypper --non-interactive install --no-recommends clang make",
                "apk add --update-cache clang make",
            ]
        );
    }
}

use std::fmt;
use std::fs;

use anyhow::{Context, Result};

const RUNNING: &str = "/proc/sys/kernel/osrelease";
const BUILD: &str = "/proc/sys/kernel/version";

/// The numbers of a version of Linux: 6.12.117, or 5.10 of a series.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release(Vec<u32>);

impl Release {
    /// The release of the running kernel.
    ///
    /// # Errors
    ///
    /// /proc is not mounted, or the release starts with no version.
    pub fn running() -> Result<Self> {
        let name = Self::running_name()?;
        Self::parse(&name).with_context(|| format!("{RUNNING} names no version: {name}"))
    }

    /// The name of the running kernel's release, as `uname -r` prints it: `6.1.0-56-cloud-amd64`.
    ///
    /// # Errors
    ///
    /// /proc is not mounted.
    pub fn running_name() -> Result<String> {
        line(RUNNING)
    }

    /// The build of the running kernel, as `uname -v` prints it: `#1 SMP PREEMPT_DYNAMIC Debian
    /// 6.1.192-2 (2026-07-31)`.
    ///
    /// # Errors
    ///
    /// /proc is not mounted.
    pub fn running_build() -> Result<String> {
        line(BUILD)
    }

    /// The numbers that a text begins with, such as `6.1.0-56-cloud-amd64` or `5.8`; at least two.
    pub fn parse(text: &str) -> Option<Self> {
        let end = text.find(|c: char| c != '.' && !c.is_ascii_digit());
        let numbers = text[..end.unwrap_or(text.len())].trim_end_matches('.');
        let numbers: Option<Vec<_>> = numbers.split('.').map(|part| part.parse().ok()).collect();
        numbers.filter(|numbers| numbers.len() > 1).map(Self)
    }

    /// True for this version and newer ones.
    pub fn is_at_least(&self, version: (u32, u32)) -> bool {
        self.series() >= version
    }

    /// True if it belongs to a series: 6.1.192 belongs to 6.1, 6.12.1 does not.
    pub fn is_of(&self, series: &Self) -> bool {
        self.0.starts_with(&series.0)
    }

    /// The first two numbers.
    pub fn series(&self) -> (u32, u32) {
        match self.0[..] {
            [major, minor, ..] => (major, minor),
            _ => (0, 0),
        }
    }
}

fn line(file: &str) -> Result<String> {
    let text = fs::read_to_string(file).with_context(|| format!("failed to read {file}"))?;
    Ok(text.trim().to_owned())
}

/// All numbers that are known of it.
impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<_> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&numbers.join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Release {
        Release::parse(text).expect("a version")
    }

    #[test]
    fn version_is_the_start_of_the_release() {
        assert_eq!(parsed("6.1.0-56-cloud-amd64").series(), (6, 1));
        assert_eq!(parsed("7.2-rc1").to_string(), "7.2");
        assert_eq!(Release::parse("linux"), None);
        assert_eq!(Release::parse("7"), None);
    }

    #[test]
    fn numbers_are_compared_and_not_their_digits() {
        assert!(parsed("6.1.192-2") < parsed("6.12.117+deb13"));
        assert!(parsed("5.10").is_at_least((5, 9)) && !parsed("5.10").is_at_least((5, 11)));
        assert!(parsed("6.1.192").is_of(&parsed("6.1")));
        assert!(!parsed("6.12.117").is_of(&parsed("6.1")));
    }

    #[test]
    fn this_kernel_has_one() {
        let running = Release::running().expect("a release");
        assert!(running.is_at_least((5, 4)), "{running}");
    }
}

//! Kernels by their numbers.

use std::fmt;
use std::str::FromStr;

/// The numbers of a version: 6.12.117, or 5.10 of a series.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(Vec<u32>);

impl Version {
    /// The numbers that a text begins with; at least two.
    pub fn parse(text: &str) -> Option<Self> {
        let end = text.find(|c: char| c != '.' && !c.is_ascii_digit());
        let numbers = text[..end.unwrap_or(text.len())].trim_end_matches('.');
        let numbers: Option<Vec<_>> = numbers.split('.').map(|part| part.parse().ok()).collect();
        numbers.filter(|numbers| numbers.len() > 1).map(Self)
    }

    /// Whether it is one of a series: 6.1.192 is of 6.1, 6.12.1 is not.
    pub fn is_of(&self, series: &Self) -> bool {
        self.0.starts_with(&series.0)
    }

    /// The first two numbers.
    pub fn series(&self) -> Self {
        Self(self.0.iter().copied().take(2).collect())
    }

    /// The first number.
    pub fn major(&self) -> u32 {
        self.0.first().copied().unwrap_or_default()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<_> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&numbers.join("."))
    }
}

/// A series of kernels, of which the newest is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Series {
    /// Such as 6.12.
    Of(Version),
    /// The newest kernel there is.
    Latest,
}

impl Series {
    /// Whether a kernel is one of it.
    pub fn has(&self, version: &Version) -> bool {
        match self {
            Self::Of(series) => version.is_of(series),
            Self::Latest => true,
        }
    }
}

impl FromStr for Series {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match (text, Version::parse(text)) {
            ("latest", _) => Ok(Self::Latest),
            (_, Some(version)) if version.to_string() == text => Ok(Self::Of(version)),
            _ => Err("a series such as 6.12, or `latest`".to_owned()),
        }
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(version) => version.fmt(f),
            Self::Latest => f.write_str("latest"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Version {
        Version::parse(text).expect("a version")
    }

    #[test]
    fn versions_are_numbers() {
        assert!(parsed("6.1.192-2") < parsed("6.12.117+deb13"));
        assert!(parsed("6.1.192").is_of(&parsed("6.1")));
        assert!(!parsed("6.12.117").is_of(&parsed("6.1")));
        assert_eq!(parsed("7.2-rc1").to_string(), "7.2");
        assert_eq!(Version::parse("latest"), None);
        assert_eq!(Version::parse("7"), None);
    }

    #[test]
    fn a_series_is_written_as_it_is_read() {
        for text in ["6.12", "latest"] {
            let series: Series = text.parse().expect("a series");
            assert_eq!(series.to_string(), text);
        }
        assert!("6.12-rc1".parse::<Series>().is_err());
    }
}

use std::fmt;
use std::str::FromStr;

use bpfapps_host::Release;

/// A series of kernels, which stands for its newest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Series {
    /// Such as 6.12.
    Of(Release),
    /// The newest kernel there is.
    Latest,
}

impl Series {
    /// True if a kernel belongs to it.
    pub fn has(&self, release: &Release) -> bool {
        match self {
            Self::Of(series) => release.is_of(series),
            Self::Latest => true,
        }
    }
}

impl FromStr for Series {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match (text, Release::parse(text)) {
            ("latest", _) => Ok(Self::Latest),
            (_, Some(release)) if release.to_string() == text => Ok(Self::Of(release)),
            _ => Err("a series such as 6.12, or `latest`".to_owned()),
        }
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(release) => release.fmt(f),
            Self::Latest => f.write_str("latest"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_written_as_it_is_read() {
        for text in ["6.12", "latest"] {
            let series: Series = text.parse().expect("a series");
            assert_eq!(series.to_string(), text);
        }
        assert!("6.12-rc1".parse::<Series>().is_err());
    }
}

use bpfapps_explain::{Code, Failure, did_you_mean, nearest};

/// The result of searching for a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It exists.
    There,
    /// This machine does not tell, for that reason.
    Unknown(String),
    /// It is not there.
    Absent(Absent),
}

impl Finding {
    /// The details, if it does not exist.
    pub fn absent(self) -> Option<Absent> {
        match self {
            Self::Absent(absent) => Some(absent),
            Self::There | Self::Unknown(_) => None,
        }
    }
}

impl From<Absent> for Finding {
    fn from(absent: Absent) -> Self {
        Self::Absent(absent)
    }
}

/// A hook that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// Which failure that is.
    pub code: Code,
    /// The missing thing, as in `this kernel has no such tracepoint`.
    pub message: String,
    /// Similar names, the most similar first.
    pub near: Vec<String>,
    /// The hint if no name is similar.
    otherwise: String,
}

impl Absent {
    pub(super) fn new(
        code: Code,
        message: impl Into<String>,
        otherwise: impl Into<String>,
    ) -> Self {
        Self {
            code,
            message: message.into(),
            near: Vec::new(),
            otherwise: otherwise.into(),
        }
    }

    /// Adds the names of `all` that are similar to `name`.
    pub(super) fn near<'a>(self, name: &str, all: impl Iterator<Item = &'a str>) -> Self {
        self.with_near(nearest(name, all).into_iter().map(str::to_owned).collect())
    }

    /// Adds similar names.
    pub(super) fn with_near(self, near: Vec<String>) -> Self {
        Self { near, ..self }
    }

    /// The fix.
    pub fn hint(&self) -> String {
        let near: Vec<_> = self.near.iter().map(String::as_str).collect();
        did_you_mean(&near).unwrap_or_else(|| self.otherwise.clone())
    }
}

impl From<Absent> for Failure {
    fn from(absent: Absent) -> Self {
        let hint = absent.hint();
        Self::new(absent.message, hint).code(absent.code)
    }
}

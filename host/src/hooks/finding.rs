use bpfapps_explain::{Code, Failure, did_you_mean, nearest};

/// What looking for a hook came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It is there.
    There,
    /// This machine does not tell, for that reason.
    Unknown(String),
    /// It is not there.
    Absent(Absent),
}

impl Finding {
    /// What is known of it, where it is not there.
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
    /// What is not there, as in `this kernel has no such tracepoint`.
    pub message: String,
    /// What is called much like it, the likest first.
    pub near: Vec<String>,
    /// What to do where nothing is.
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

    /// With those of `all` that are called much like `name`.
    pub(super) fn near<'a>(self, name: &str, all: impl Iterator<Item = &'a str>) -> Self {
        Self {
            near: nearest(name, all).into_iter().map(str::to_owned).collect(),
            ..self
        }
    }

    /// What to do about it.
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

use anyhow::Error;
use bpfapps_explain::{Failure, visible};
use serde::Serialize;

/// An explained failure for editors and CI.
#[derive(Debug, Default, Serialize)]
pub(super) struct Finding {
    /// The code, such as BPF0001; without one the failure has no page.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    cause: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// From 1; left out if unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

impl Finding {
    pub(super) fn of(err: &Error) -> Self {
        let finding = Self {
            cause: visible(&format!("{err:#}")),
            ..Self::default()
        };
        let Some(failure) = Failure::of(err) else {
            return finding;
        };
        let place = failure.place();
        Self {
            code: failure.explained().0.map(|code| code.to_string()),
            fix: failure.hint().map(visible),
            file: place.map(|place| visible(&place.file)),
            line: place.map(|place| place.line),
            column: place.map(|place| place.column).filter(|&column| column > 0),
            ..finding
        }
    }
}

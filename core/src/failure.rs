use std::fmt;

use crate::output::Closed;

/// An error that knows what to do about itself: `main` prints the hint on a line of its own.
#[derive(Debug)]
pub struct Failure {
    message: String,
    hint: String,
}

impl Failure {
    /// `message`: what is wrong, in lower case and without a full stop; `hint`: what mends it.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Events were lost where none were to be (`--strict`).
#[derive(Debug)]
pub(crate) struct EventsLost(pub(crate) String);

impl fmt::Display for EventsLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EventsLost {}

/// The exit code of a run that ended with this error: 3 where events were lost, else 1, or 0 where
/// only the reader of stdout is gone, which is no failure.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<Closed>() {
        0
    } else if error.is::<EventsLost>() {
        3
    } else {
        1
    }
}

/// Finds the hint in an error's chain.
pub trait Hint {
    /// What the user can do, where something in the chain knows.
    fn hint(&self) -> Option<&str>;
}

impl Hint for anyhow::Error {
    fn hint(&self) -> Option<&str> {
        // `context(Failure)` hides it from the chain's types, but not from anyhow's own downcast
        let nearest = self.downcast_ref::<Failure>();
        let below = || {
            self.chain()
                .find_map(|cause| cause.downcast_ref::<Failure>())
        };
        nearest.or_else(below).map(|failure| failure.hint.as_str())
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, Result};

    use super::*;

    #[test]
    fn hint_is_found_wherever_the_failure_stands_in_the_chain() {
        let at_the_root: Result<()> = Err(Failure::new("no", "mend it").into());
        let root = at_the_root
            .context("failed to load")
            .map_err(|err| err.hint().map(str::to_owned));
        assert_eq!(root, Err(Some("mend it".to_owned())));

        let on_top: Result<()> =
            Err(anyhow::anyhow!("no")).context(Failure::new("failed", "do it"));
        assert_eq!(
            on_top.map_err(|err| err.hint().map(str::to_owned)),
            Err(Some("do it".into()))
        );

        assert_eq!(anyhow::anyhow!("no").hint(), None);
    }
}

use std::fmt;

use anyhow::Error;

use crate::output::Closed;

/// Events were lost although `--strict` forbids it.
#[derive(Debug)]
pub(super) struct EventsLost(pub(super) String);

impl fmt::Display for EventsLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EventsLost {}

/// The exit code of a run that ended with this error: 3 where events were lost, else 1, or 0 where
/// only the reader of stdout is gone, which is no failure.
pub fn exit_code(error: &Error) -> u8 {
    if error.is::<Closed>() {
        0
    } else if error.is::<EventsLost>() {
        3
    } else {
        1
    }
}

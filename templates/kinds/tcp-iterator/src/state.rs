//! The states of a TCP socket, by the names that the header gives them.

use bpfapps_core::{Context, Named as _, Result};

use crate::types::socket_state;

/// The number of a state, from an option.
pub(crate) fn number(text: &str) -> Result<u32> {
    let found = socket_state::NAMES.iter().find(|(_, name)| *name == text);
    let (number, _) = found.with_context(|| {
        let names: Vec<_> = socket_state::NAMES.iter().map(|(_, name)| *name).collect();
        format!("the states are {}", names.join(", "))
    })?;
    Ok(u32::try_from(*number)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_numbers() {
        assert_eq!(number("time_wait").ok(), Some(6));
        let error = number("open").map_err(|err| err.to_string());
        assert!(error.is_err_and(|text| text.starts_with("the states are established, ")));
    }
}

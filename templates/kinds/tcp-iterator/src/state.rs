//! The states of a TCP socket: the kernel's numbers, and names.

use bpfapps_core::{Context, Result};

/// From 1 on, as the kernel numbers them (`include/net/tcp_states.h`).
const NAMES: [&str; 13] = [
    "established",
    "syn-sent",
    "syn-recv",
    "fin-wait-1",
    "fin-wait-2",
    "time-wait",
    "close",
    "close-wait",
    "last-ack",
    "listen",
    "closing",
    "new-syn-recv",
    "bound-inactive",
];

/// The name of a state.
pub(crate) fn name(number: u32) -> &'static str {
    let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    let name = index.and_then(|index| NAMES.get(index));
    name.unwrap_or(&"unknown")
}

/// The number of a state, from an option.
pub(crate) fn number(text: &str) -> Result<u32> {
    let found = (1..).zip(NAMES).find(|(_, name)| *name == text);
    let (number, _) = found.with_context(|| format!("the states are {}", NAMES.join(", ")))?;
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_names_and_numbers() {
        assert_eq!([0, 1, 10, 13, 14].map(name), [
            "unknown",
            "established",
            "listen",
            "bound-inactive",
            "unknown"
        ]);
        assert_eq!(number("time-wait").ok(), Some(6));
        let error = number("open").map_err(|err| err.to_string());
        assert!(error.is_err_and(|text| text.starts_with("the states are established, ")));
    }
}

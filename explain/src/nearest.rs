//! Suggestions for mistyped names.

/// Up to three names similar to `value`, the most similar first.
pub fn nearest<'a>(value: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut near: Vec<_> = names
        // a mistyped name has about the right length
        .filter(|name| name.len().abs_diff(value.len()) <= 6 || name.contains(value))
        .map(|name| {
            let distance = strsim::osa_distance(value, name);
            (
                distance - distance.min(usize::from(name.contains(value)) * 6),
                name,
            )
        })
        .filter(|(distance, name)| distance * 2 <= name.len().max(value.len()))
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// `did you mean a, b or c?`, or `None` if `near` is empty.
pub fn did_you_mean(near: &[&str]) -> Option<String> {
    match near {
        [] => None,
        [one] => Some(format!("did you mean {one}?")),
        [some @ .., last] => Some(format!("did you mean {} or {last}?", some.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_like_it_is_offered() {
        let names = [
            "tcp_v4_connect",
            "tcp_v6_connect",
            "tcp_connect",
            "do_exit",
            "vfs_read",
        ];
        let near = nearest("tcp_v4_conect", names.into_iter());
        assert_eq!(near[0], "tcp_v4_connect");
        assert_eq!(
            did_you_mean(&near).as_deref(),
            Some("did you mean tcp_v4_connect, tcp_v6_connect or tcp_connect?")
        );
        assert!(nearest("xyzzy", names.into_iter()).is_empty());
        assert_eq!(did_you_mean(&[]), None);
        assert_eq!(nearest("exit", names.into_iter()), ["do_exit"]);
    }
}

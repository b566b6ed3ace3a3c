//! Suggestions for mistyped names.

use rapidfuzz::distance::osa::{Args, BatchComparator};

/// The number of names to offer.
const MOST: usize = 3;

/// Up to three names similar to `value`, the most similar first.
pub fn nearest<'a>(value: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    // a kernel has 200,000 names
    let compared = BatchComparator::new(value.bytes());
    let mut near: Vec<(usize, &str)> = Vec::with_capacity(MOST + 1);
    for name in names {
        let contains = name.contains(value);
        // a mistyped name has about the right length
        if !contains && name.len().abs_diff(value.len()) > 6 {
            continue;
        }
        let bonus = if contains { 6 } else { 0 };
        let worst = near.last().filter(|_| near.len() == MOST);
        let most = name.len().max(value.len()) / 2;
        let most = worst.map_or(most, |(worst, _)| most.min(*worst)) + bonus;
        let cutoff = Args::default().score_cutoff(most);
        let Some(distance) = compared.distance_with_args(name.bytes(), &cutoff) else {
            continue;
        };
        let found = (distance.saturating_sub(bonus), name);
        if let Err(place) = near.binary_search(&found) {
            near.insert(place, found);
            near.truncate(MOST);
        }
    }
    near.into_iter().map(|(_, name)| name).collect()
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

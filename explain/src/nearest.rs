//! Suggestions for mistyped names.

use memchr::memmem::Finder;
use rapidfuzz::distance::osa::{Args, BatchComparator};

/// The number of names to offer.
const MOST: usize = 3;

/// Up to three names similar to `value`, the most similar first.
pub fn nearest<'a>(value: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    // a kernel has 200,000 names: most are left out before they are compared
    let compared = BatchComparator::new(value.bytes());
    let finder = Finder::new(value);
    let letters = letters(value);
    let mut near: Vec<(usize, &str)> = Vec::with_capacity(MOST + 1);
    for name in names {
        let contains = name.len() >= value.len() && finder.find(name.as_bytes()).is_some();
        // a mistyped name has about the right length
        if !contains && name.len().abs_diff(value.len()) > 6 {
            continue;
        }
        let bonus = if contains { 6 } else { 0 };
        let worst = near.last().filter(|_| near.len() == MOST);
        let most = name.len().max(value.len()) / 2;
        let most = worst.map_or(most, |(worst, _)| most.min(*worst)) + bonus;
        if least(letters, self::letters(name)) > most {
            continue;
        }
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

/// The least distance of two names: each letter that one of them lacks takes a change of its own.
fn least(one: u64, other: u64) -> usize {
    let (more, less) = (one & !other, other & !one);
    more.count_ones().max(less.count_ones()) as usize
}

/// The letters that occur in a name, a bit each; some letters share one.
fn letters(name: &str) -> u64 {
    name.bytes().fold(0, |bits, byte| bits | 1 << (byte & 63))
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
    /// What is left out without a comparison is not similar.
    #[test]
    fn least_distance_is_never_larger_than_the_distance() {
        let names = [
            "", "a", "ab", "ba", "vfs_read", "vfs_raed", "do_exit", "äö", "A@\0",
        ];
        for one in names {
            for other in names {
                let exact = BatchComparator::new(one.bytes()).distance(other.bytes());
                let least = least(letters(one), letters(other));
                assert!(least <= exact, "{one:?} {other:?}");
            }
        }
        assert_eq!(least(letters("abc"), letters("cdefg")), 4);
    }
}

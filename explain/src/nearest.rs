//! Suggestions for mistyped names.

/// The number of names to offer.
const MOST: usize = 3;

/// Up to three names similar to `value`, the most similar first.
pub fn nearest<'a>(value: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let letters = Letters::of(value);
    let bonus = |name: &str| if name.contains(value) { 6 } else { 0 };
    let is_near = |distance: usize, name: &str| distance * 2 <= name.len().max(value.len());
    // The exact distance is slow to compute, and a kernel has 200,000 names: those that may be the
    // nearest go first.
    let mut candidates: Vec<_> = names
        // a mistyped name has about the right length
        .filter(|name| name.len().abs_diff(value.len()) <= 6 || name.contains(value))
        .map(|name| {
            let least = letters.distance(&Letters::of(name));
            (least.saturating_sub(bonus(name)), name)
        })
        .filter(|&(least, name)| is_near(least, name))
        .collect();
    candidates.sort_unstable();
    candidates.dedup();
    let mut near: Vec<(usize, &str)> = Vec::with_capacity(MOST + 1);
    for (least, name) in candidates {
        if near.len() == MOST && near.last().is_some_and(|(worst, _)| least > *worst) {
            break;
        }
        let distance = strsim::osa_distance(value, name).saturating_sub(bonus(name));
        if is_near(distance, name) {
            let found = (distance, name);
            near.insert(near.partition_point(|other| *other < found), found);
            near.truncate(MOST);
        }
    }
    near.into_iter().map(|(_, name)| name).collect()
}

/// How often each letter occurs; letters share counters.
struct Letters([u8; 32]);

impl Letters {
    fn of(name: &str) -> Self {
        let mut counts = [0_u8; 32];
        for byte in name.bytes() {
            let count = &mut counts[usize::from(byte & 31)];
            *count = count.saturating_add(1);
        }
        Self(counts)
    }

    /// A distance that is never larger than the number of insertions, deletions, substitutions and
    /// swaps.
    fn distance(&self, other: &Self) -> usize {
        let (mut more, mut less) = (0, 0);
        for (one, other) in self.0.iter().zip(other.0) {
            more += usize::from(one.saturating_sub(other));
            less += usize::from(other.saturating_sub(*one));
        }
        more.max(less)
    }
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

    /// The quick estimate leaves out nothing that the exact distance would keep.
    #[test]
    fn estimate_is_never_larger_than_the_distance() {
        let names = [
            "",
            "a",
            "ab",
            "ba",
            "vfs_read",
            "vfs_raed",
            "vfs_write",
            "äö",
        ];
        for one in names {
            for other in names {
                let exact = strsim::osa_distance(one, other);
                let least = Letters::of(one).distance(&Letters::of(other));
                // a letter of several bytes counts once
                let bytes = if one.is_ascii() && other.is_ascii() {
                    1
                } else {
                    4
                };
                assert!(least <= exact * bytes, "{one} {other}: {least} > {exact}");
            }
        }
    }
}

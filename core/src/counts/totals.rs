use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::Counted;

/// What was counted since the start, by key.
#[derive(Debug)]
pub(crate) struct Totals {
    keys: HashMap<Box<[u8]>, Total>,
    /// What is not counted by its key, if there is any.
    other: Option<Box<[u64]>>,
    /// Number of keys.
    most: usize,
    expiry: Option<Duration>,
}

/// The counts of a key. The word behind each total, where its rate is shown, has what was counted
/// since it was last shown.
#[derive(Debug)]
struct Total {
    words: Box<[u64]>,
    changed: Instant,
}

impl Totals {
    /// For this many keys.
    pub(crate) fn new(most: usize, expiry: Option<Duration>) -> Self {
        Self {
            keys: HashMap::new(),
            other: None,
            most,
            expiry,
        }
    }

    /// Adds what was counted of a key.
    pub(crate) fn add<R: Counted>(&mut self, key: &[u8], counts: &[u64], now: Instant) {
        if let Some(total) = self.keys.get_mut(key) {
            add::<R>(&mut total.words, counts);
            total.changed = now;
        } else if self.keys.len() < self.most {
            let mut words: Box<[u64]> = vec![0; counts.len()].into();
            add::<R>(&mut words, counts);
            let changed = now;
            self.keys.insert(key.into(), Total { words, changed });
        } else {
            add::<R>(of_others(&mut self.other, counts.len()), counts);
        }
    }

    /// Moves keys that have not changed for a while to the others.
    pub(crate) fn expire(&mut self, now: Instant) {
        let Some(expiry) = self.expiry else { return };
        self.keys.retain(|_, total| {
            let stays = now.duration_since(total.changed) <= expiry;
            if !stays {
                merge(of_others(&mut self.other, total.words.len()), &total.words);
            }
            stays
        });
    }

    /// Passes a record for each key to `show`, and one for all others; rates are those of this time.
    /// The largest are first: by the first number of what is counted.
    ///
    /// # Errors
    ///
    /// The first error of `show`.
    pub(crate) fn show<R: Counted>(
        &mut self,
        time: Duration,
        mut show: impl FnMut(&R) -> Result<()>,
    ) -> Result<()> {
        let mut keys: Vec<_> = self.keys.iter_mut().collect();
        keys.sort_unstable_by_key(|(key, total)| (Reverse(total.words[0]), *key));
        for (key, total) in keys {
            show(&record(key, &mut total.words, 0, time)?)?;
        }
        if let Some(words) = &mut self.other {
            show(&record(&[], words, 1, time)?)?;
        }
        Ok(())
    }
}

fn of_others(other: &mut Option<Box<[u64]>>, words: usize) -> &mut [u64] {
    other.get_or_insert_with(|| vec![0; words].into())
}

/// The words of the totals.
fn totals<R: Counted>() -> impl Iterator<Item = usize> {
    R::TOTALS.iter().map(|place| place / 8)
}

/// Adds counts from the kernel, whose rates are 0.
fn add<R: Counted>(words: &mut [u64], counts: &[u64]) {
    merge(words, counts);
    for at in totals::<R>() {
        words[at + 1] += counts[at];
    }
}

/// Adds counts with what is behind their totals.
fn merge(words: &mut [u64], counts: &[u64]) {
    for (word, count) in words.iter_mut().zip(counts) {
        *word = word.wrapping_add(*count);
    }
}

/// Puts a record together; what was counted since the last one starts from 0 again.
fn record<R: Counted>(key: &[u8], words: &mut [u64], other: u64, time: Duration) -> Result<R> {
    let mut shown = words.to_vec();
    for at in totals::<R>() {
        let rate = words[at + 1] as f64 / time.as_secs_f64().max(f64::MIN_POSITIVE);
        shown[at + 1] = (rate * 100.0).round() as u64;
        words[at + 1] = 0;
    }
    shown.push(other);
    let mut bytes: Vec<u8> = shown.iter().flat_map(|word| word.to_ne_bytes()).collect();
    bytes.resize(R::KEY, 0);
    bytes.extend_from_slice(key);
    bytes.resize(size_of::<R>(), 0);
    R::read(&mut &*bytes)
}

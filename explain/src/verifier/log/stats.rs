use serde::Serialize;

/// The verifier's effort for a program, from the end of its log (`log_level` 4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Instructions processed, on all paths. The kernel's limit is a million.
    pub instructions: u64,
    /// States remembered to recognize paths that need not be verified again.
    pub states: u64,
    /// The most states at any time.
    pub peak_states: u64,
    /// Stack in bytes, the sum over the program and its functions.
    pub stack_bytes: u64,
    /// Verification time in nanoseconds.
    pub time_ns: u64,
}

impl Stats {
    /// `None` if the log does not contain them.
    pub fn read(log: &str) -> Option<Self> {
        // in a log of megabytes they are in the last lines
        let mut lines = log.rsplit('\n').take(10);
        let number = |line: &str, name: &str| -> Option<u64> {
            let (_, rest) = line.split_once(name)?;
            rest.split([' ', '\n']).next()?.parse().ok()
        };
        let mut stats = Self::default();
        let is_processed = |line: &str| -> Option<()> {
            let (_, line) = line.split_once("processed ")?;
            stats.instructions = line.split(' ').next()?.parse().ok()?;
            stats.states = number(line, "total_states ")?;
            stats.peak_states = number(line, "peak_states ")?;
            Some(())
        };
        lines.clone().find_map(is_processed)?;
        if let Some(line) = lines.clone().find(|line| line.starts_with("stack depth ")) {
            let depths = line.split(' ').nth(2).unwrap_or_default().split('+');
            stats.stack_bytes = depths.filter_map(|depth| depth.parse::<u64>().ok()).sum();
        }
        let time = lines.find_map(|line| number(line, "verification time "));
        stats.time_ns = time.unwrap_or_default() * 1000;
        Some(stats)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_of_a_log_are_read() {
        let log = "0: (95) exit\nverification time 52 usec\nstack depth 8+24\nprocessed 20 insns \
                   (limit 1000000) max_states_per_insn 0 total_states 3 peak_states 2 mark_read 1\n";
        let expected = Stats {
            instructions: 20,
            states: 3,
            peak_states: 2,
            stack_bytes: 32,
            time_ns: 52_000,
        };
        assert_eq!(Stats::read(log), Some(expected));
        assert_eq!(Stats::read("0: (95) exit\n"), None);
    }
}

//! `/proc/PID/smaps`: what of a process's memory is resident, by mapping.

/// The name of each mapping of a BPF map.
const BPF_MAP: &str = "anon_inode:bpf-map";

/// A mapping of a BPF map from this size on is a ring buffer's data, in KiB:
/// its other pages count as the process's own.
const LARGE: u64 = 1024;

/// Resident memory in KiB.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Resident {
    /// Everything but the ring.
    pub(crate) own: u64,
    pub(crate) ring: u64,
}

/// Adds up the mappings; `None` if the text is not in the format of smaps.
pub(crate) fn parse(text: &str) -> Option<Resident> {
    let mut resident = Resident::default();
    let (mut bpf_map, mut size) = (false, 0);
    for line in text.lines() {
        match line.split_whitespace().next()?.strip_suffix(':') {
            // `7f07dcd2b000-7f07ddd2c000 r--s 00001000 00:10 1038  anon_inode:bpf-map`
            None => bpf_map = line.ends_with(BPF_MAP),
            Some("Size") => size = kib(line, "Size")?,
            Some("Rss") if bpf_map && size > LARGE => resident.ring += kib(line, "Rss")?,
            Some("Rss") => resident.own += kib(line, "Rss")?,
            Some(_) => {}
        }
    }
    Some(resident)
}

/// The value of a line such as `Rss:    3072 kB`.
pub(crate) fn kib(text: &str, name: &str) -> Option<u64> {
    let named = |line: &'_ str| Some(line.strip_prefix(name)?.strip_prefix(':')?.to_owned());
    let value = text.lines().find_map(named)?;
    value.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMAPS: &str = "\
00400000-00401000 r--p 00000000 fe:00 42                         /usr/bin/bpf-map: x
Size:                  4 kB
KernelPageSize:        4 kB
Rss:                   4 kB
Pss:                   2 kB
VmFlags: rd mr mw me sd
7f07dcd2b000-7f07ddd2c000 r--s 00001000 00:10 1038               anon_inode:bpf-map
Size:              16388 kB
Rss:               16384 kB
VmFlags: rd sh mr mw me ms dd
7f07ddf70000-7f07ddf71000 rw-s 00000000 00:10 1038               anon_inode:bpf-map
Size:                  4 kB
Rss:                   4 kB
7ffd0a000000-7ffd0a800000 rw-p 00000000 00:00 0                  [stack]
Size:               8192 kB
Rss:                2000 kB
";

    #[test]
    fn only_the_data_of_a_ring_is_left_out() {
        let resident = Resident {
            own: 4 + 4 + 2000,
            ring: 16384,
        };
        assert_eq!(parse(SMAPS), Some(resident));
    }

    #[test]
    fn neither_a_value_without_a_unit_nor_an_empty_line() {
        assert_eq!(parse("Rss: many"), None);
        assert_eq!(parse("Size: 4 kB\n\nRss: 4 kB"), None);
        assert_eq!(parse(""), Some(Resident::default()));
    }

    #[test]
    fn values_by_their_whole_name() {
        let status = "VmHWMs:\t1 kB\nVmHWM:\t   22876 kB\n";
        assert_eq!(kib(status, "VmHWM"), Some(22876));
        assert_eq!(kib(status, "VmRSS"), None);
    }
}

//! What an object leaves to its program, which sets it before it loads the object.

use std::fmt;

use libbpf_rs::{MapType, OpenObject};

use crate::Target;

/// A ring buffer's size is a power of two of whole pages, on every machine.
const RING: u32 = 64 * 1024;

/// The deepest stack that the kernel records, in bytes.
const STACK: u32 = 127 * 8;

/// A size that the definition of a map omits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unset {
    /// The map.
    pub map: String,
    /// `max_entries` or `value_size`.
    pub field: &'static str,
}

impl fmt::Display for Unset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "map `{}` has no {}", self.map, self.field)
    }
}

fn lacks_entries(kind: MapType, entries: u32) -> bool {
    // libbpf fills in the first, the others have no limit
    let is_free = matches!(
        kind,
        MapType::PerfEventArray
            | MapType::StructOps
            | MapType::SkStorage
            | MapType::InodeStorage
            | MapType::TaskStorage
            | MapType::CGrpStorage
            | MapType::CgroupStorage
            | MapType::PercpuCgroupStorage
    );
    entries == 0 && !is_free
}

fn lacks_value(kind: MapType, size: u32) -> bool {
    let has_value = matches!(
        kind,
        MapType::Hash
            | MapType::PercpuHash
            | MapType::LruHash
            | MapType::LruPercpuHash
            | MapType::Array
            | MapType::PercpuArray
            | MapType::StackTrace
            | MapType::Queue
            | MapType::Stack
    );
    size == 0 && has_value
}

pub(super) fn of(open: &OpenObject) -> Vec<Unset> {
    let mut unset = Vec::new();
    for map in open.maps().filter(libbpf_rs::OpenMap::autocreate) {
        let kind = map.map_type();
        for (lacks, field) in [
            (lacks_entries(kind, map.max_entries()), "max_entries"),
            (lacks_value(kind, map.value_size()), "value_size"),
        ] {
            if lacks {
                let map = map.name().to_string_lossy().into_owned();
                unset.push(Unset { map, field });
            }
        }
    }
    unset
}

/// Sets what the program of an object sets before it loads it, for a trial load: sizes of maps, and
/// no programs that have no hook yet.
pub fn complete(open: &mut OpenObject) {
    for mut map in open.maps_mut() {
        if !map.autocreate() {
            continue;
        }
        let kind = map.map_type();
        // a refusal shows in the load
        if lacks_entries(kind, map.max_entries()) {
            let entries = match kind {
                MapType::RingBuf | MapType::UserRingBuf => RING,
                _ => 1,
            };
            let _ = map.set_max_entries(entries);
        }
        if lacks_value(kind, map.value_size()) {
            let size = if kind == MapType::StackTrace {
                STACK
            } else {
                8
            };
            let _ = map.set_value_size(size);
        }
    }
    for mut program in open.progs_mut() {
        if awaits_hook(&program.section().to_string_lossy()) {
            program.set_autoload(false);
        }
    }
}

/// Gives maps the least size that the verifier does not see: filling large ones takes the kernel
/// longer than to verify a program.
pub fn shrink(open: &mut OpenObject) {
    for mut map in open.maps_mut() {
        let kind = map.map_type();
        let is_unseen = matches!(
            kind,
            MapType::Hash
                | MapType::PercpuHash
                | MapType::LruHash
                | MapType::LruPercpuHash
                | MapType::StackTrace
        );
        if is_unseen {
            // a refusal shows in the load
            let _ = map.set_max_entries(1);
        }
    }
}

/// True if the section leaves the hook to the program: `kprobe`, `fentry/dummy`.
pub(super) fn is_open(section: &str) -> bool {
    let section = section.trim_start_matches('?');
    let (kind, name) = section.split_once('/').unwrap_or((section, ""));
    // names of no function, as authors of tools write them
    let is_dummy = name.starts_with("dummy")
        || matches!(
            name,
            "foo" | "placeholder" | "handle_entry" | "handle_return"
        );
    match kind.trim_end_matches(".s") {
        "kprobe" | "kretprobe" | "fentry" | "fexit" | "fmod_ret" | "uprobe" | "uretprobe"
        | "usdt" | "tp_btf" | "raw_tp" | "raw_tracepoint" | "tp" | "tracepoint" | "ksyscall"
        | "kretsyscall" | "lsm" => name.is_empty() || is_dummy,
        _ => false,
    }
}

/// True if it can't even be loaded before the program sets its hook.
pub(super) fn awaits_hook(section: &str) -> bool {
    let kind = section.trim_start_matches('?').split('/').next();
    let kind = kind.unwrap_or_default();
    let named = format!("{kind}/any");
    is_open(section) && Target::of_section(&named).is_some_and(|target| target.is_typed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hook_that_the_program_sets_is_told_from_one_that_is_named() {
        for section in ["kprobe", "?fentry/dummy_open", "usdt", "kretprobe/foo"] {
            assert!(is_open(section), "{section}");
        }
        for section in ["kprobe/vfs_read", "fentry/vfs_read", "xdp", "iter/task"] {
            assert!(!is_open(section), "{section}");
        }
        assert!(awaits_hook("fentry/dummy") && awaits_hook("fexit.s"));
        assert!(!awaits_hook("kprobe/dummy") && !awaits_hook("fentry/vfs_read"));
    }

    #[test]
    fn only_a_map_that_needs_a_size_lacks_it() {
        assert!(lacks_entries(MapType::RingBuf, 0) && lacks_entries(MapType::Hash, 0));
        assert!(!lacks_entries(MapType::TaskStorage, 0) && !lacks_entries(MapType::Hash, 1));
        assert!(lacks_value(MapType::StackTrace, 0));
        assert!(!lacks_value(MapType::RingBuf, 0));
    }
}

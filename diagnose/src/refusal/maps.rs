//! Why the kernel does not create a map: its error number is the same for all mistakes.

use libbpf_rs::{AsRawLibbpf as _, MapType, OpenMap};

use crate::{Object, words};

/// The problem and its fix, if libbpf's log is about a map that its type does not allow.
pub(super) fn cause(object: &Object<'_>, log: &str) -> Option<(String, String)> {
    let (head, _) = log.split_once("': failed to create: ")?;
    let (_, name) = head.rsplit_once("map '")?;
    let mut builder = object.builder().ok()?;
    let open = words::silently(|| builder.open_memory(&object.bytes)).ok()?;
    let map = open.maps().find(|map| map.name() == name)?;
    let definition = Definition::of(&map);
    if definition
        .kind
        .is_supported()
        .is_ok_and(|is_there| !is_there)
    {
        let kind = definition.kind;
        return Some((
            format!("map `{name}` is of the type {kind:?}, which this kernel does not have"),
            "use a map of another type there, such as a hash, or a newer kernel".to_owned(),
        ));
    }
    let (what, fix) = mistake(&definition)?;
    Some((format!("map `{name}` {what}"), fix))
}

/// The definition of a map in the object.
struct Definition {
    kind: MapType,
    key_size: u32,
    value_size: u32,
    entries: u32,
    flags: u32,
    has_inner: bool,
}

impl Definition {
    #[allow(unsafe_code)]
    fn of(map: &OpenMap<'_>) -> Self {
        use libbpf_rs::libbpf_sys;
        let ptr = map.as_libbpf_object().as_ptr();
        // SAFETY: the map belongs to an open object, which outlives it.
        unsafe {
            Self {
                kind: map.map_type(),
                key_size: libbpf_sys::bpf_map__key_size(ptr),
                value_size: libbpf_sys::bpf_map__value_size(ptr),
                entries: libbpf_sys::bpf_map__max_entries(ptr),
                flags: libbpf_sys::bpf_map__map_flags(ptr),
                has_inner: !libbpf_sys::bpf_map__inner_map(ptr).is_null(),
            }
        }
    }
}

/// The first mistake in a definition.
fn mistake(map: &Definition) -> Option<(String, String)> {
    use MapType as T;
    const NO_PREALLOC: u32 = 1;
    let page = 4096;
    let is_ring = matches!(map.kind, T::RingBuf | T::UserRingBuf);
    let is_storage = matches!(
        map.kind,
        T::TaskStorage | T::SkStorage | T::InodeStorage | T::CGrpStorage
    );
    let is_of_maps = matches!(map.kind, T::ArrayOfMaps | T::HashOfMaps);
    let by_index = matches!(
        map.kind,
        T::Array
            | T::PercpuArray
            | T::ProgArray
            | T::PerfEventArray
            | T::ArrayOfMaps
            | T::CgroupArray
            | T::Devmap
            | T::Cpumap
            | T::Xskmap
    );
    let without_key = matches!(map.kind, T::Queue | T::Stack | T::BloomFilter) || is_ring;
    let said = |what: &str, fix: &str| Some((what.to_owned(), fix.to_owned()));
    if is_ring && (map.key_size, map.value_size) != (0, 0) {
        return said(
            "is a ring buffer with a key or a value",
            "leave out key and value: a ring buffer has only `max_entries`, its size in bytes",
        );
    }
    if is_ring
        && (map.entries == 0 || !map.entries.is_multiple_of(page) || !map.entries.is_power_of_two())
    {
        return said(
            &format!("is a ring buffer of {} bytes", map.entries),
            "give its size in bytes, a power of two and a multiple of the page size: \
             `__uint(max_entries, 256 * 1024)`",
        );
    }
    if is_of_maps && !map.has_inner {
        return said(
            "is a map of maps without an inner map",
            "define what its values are: `__array(values, struct inner)`, or set the inner map before \
             loading",
        );
    }
    if by_index && map.key_size != 4 {
        return said(
            &format!("is indexed by a key of {} bytes", map.key_size),
            "the key of an array is an index: `__type(key, __u32)`",
        );
    }
    if without_key && map.key_size != 0 {
        return said("has a key, which its type has not", "leave out the key");
    }
    if is_storage && (map.entries != 0 || map.key_size != 4 || map.flags & NO_PREALLOC == 0) {
        return said(
            "is not defined as local storage must be",
            "write `__uint(map_flags, BPF_F_NO_PREALLOC)` and `__type(key, int)`, and leave out \
             `max_entries`",
        );
    }
    if matches!(map.kind, T::LpmTrie) && map.flags & NO_PREALLOC == 0 {
        return said(
            "is a trie without BPF_F_NO_PREALLOC",
            "write `__uint(map_flags, BPF_F_NO_PREALLOC)`",
        );
    }
    if matches!(map.kind, T::StackTrace)
        && (map.value_size == 0 || !map.value_size.is_multiple_of(8))
    {
        return said(
            &format!("holds stacks of {} bytes", map.value_size),
            "set its size, 8 bytes a frame: `__uint(value_size, 127 * sizeof(__u64))`",
        );
    }
    if !is_storage && map.entries == 0 {
        return said(
            "has no `max_entries`",
            "set the number of its entries: `__uint(max_entries, 1024)`, or set it before loading",
        );
    }
    if !without_key && map.key_size == 0 {
        return said("has no key", "define it: `__type(key, __u32)`");
    }
    if !is_ring && map.value_size == 0 {
        return said(
            "has no value",
            "define it: `__type(value, __u64)`, or set its size before loading",
        );
    }
    None
}

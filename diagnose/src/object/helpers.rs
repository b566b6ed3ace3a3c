//! BPF helpers: their names, and kernel support for them.

use libbpf_rs::ProgramType;

include!(concat!(env!("OUT_DIR"), "/helpers.rs"));

/// A BPF helper, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Helper(pub u32);

impl Helper {
    /// The name, such as `bpf_map_lookup_elem`.
    pub fn name(self) -> String {
        let name = usize::try_from(self.0).ok().and_then(|at| NAMES.get(at));
        match name {
            Some(name) if !name.is_empty() => (*name).to_owned(),
            _ => format!("helper {}", self.0),
        }
    }

    /// True if programs of this type may call it on this kernel; `None` if that cannot be probed,
    /// as for programs that attach to a BTF type.
    pub fn is_supported(self, kind: ProgramType) -> Option<bool> {
        kind.is_helper_supported(self.0).ok()
    }
}

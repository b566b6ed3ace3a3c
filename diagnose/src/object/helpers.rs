//! Helpers: what they are called, and whether the kernel has them.

use libbpf_rs::ProgramType;

include!(concat!(env!("OUT_DIR"), "/helpers.rs"));

/// A function of the kernel for BPF programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Helper(pub u32);

impl Helper {
    /// What it is called, such as `bpf_map_lookup_elem`.
    pub fn name(self) -> String {
        let name = usize::try_from(self.0).ok().and_then(|at| NAMES.get(at));
        match name {
            Some(name) if !name.is_empty() => (*name).to_owned(),
            _ => format!("helper {}", self.0),
        }
    }

    /// Whether programs of that type may call it on this kernel; `None` where that can't be asked,
    /// which is so of those that attach to something by its type.
    pub fn is_supported(self, kind: ProgramType) -> Option<bool> {
        kind.is_helper_supported(self.0).ok()
    }
}

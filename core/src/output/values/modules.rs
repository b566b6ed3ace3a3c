//! Addresses of a process without a name: as a file and an address in it, which is the same in each
//! run, and which `objdump`, `addr2line` and uprobes take.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use bpfapps_host::hooks::binary::mapped::{self, Mapping, Segment};

/// The files that a process has mapped.
pub(super) struct Modules {
    pid: u32,
    mappings: Vec<Mapping>,
    segments: HashMap<PathBuf, Vec<Segment>>,
}

/// A place in a file.
pub(super) struct Place {
    /// The file, also of a process in a container.
    pub(super) file: PathBuf,
    /// True if the process sees another file at the path than this program.
    pub(super) is_elsewhere: bool,
    /// In the file, in bytes.
    pub(super) offset: u64,
    name: String,
}

impl Modules {
    /// Those of a process; none if it has ended.
    pub(super) fn of(pid: u32) -> Self {
        Self {
            pid,
            mappings: mapped::of(pid),
            segments: HashMap::new(),
        }
    }

    /// The file that is at an address.
    pub(super) fn place(&self, address: u64) -> Option<Place> {
        let mut all = self.mappings.iter();
        let mapping = all.find(|one| (one.start..one.end).contains(&address))?;
        let file = mapping.file(self.pid);
        let path = Path::new(&mapping.path);
        Some(Place {
            is_elsewhere: file != path,
            file,
            offset: address - mapping.start + mapping.offset,
            name: path.file_name()?.to_string_lossy().into_owned(),
        })
    }

    /// `server+0x1149`.
    pub(super) fn show(&mut self, place: &Place) -> String {
        let file = self.segments.entry(place.file.clone());
        let segments = file.or_insert_with(|| mapped::segments(&place.file));
        let mut all = segments.iter();
        let address = all.find_map(|segment| segment.address_of(place.offset));
        match address {
            Some(address) => format!("{}+{address:#x}", place.name),
            // not an ELF file
            None => format!("{}@{:#x}", place.name, place.offset),
        }
    }
}

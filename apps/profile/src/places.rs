//! From addresses of processes to places in files, while the processes live.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bpfapps_core::host::files;
use bpfapps_core::host::hooks::binary::mapped::{self, Mapping};

/// The largest program or library, in bytes.
const LARGEST: u64 = 4 << 30;

/// A process that loads libraries is looked at again, but no more often.
const PAUSE: Duration = Duration::from_millis(500);

/// A function, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Frame {
    /// An address in the kernel.
    Kernel(u64),
    /// A file, and the offset in it.
    File(usize, u64),
    /// An address of a process that had ended, or in no file.
    Unknown,
}

/// A program or library that was sampled.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) path: PathBuf,
    /// Kept open: its process may end.
    pub(crate) file: Option<File>,
}

/// The files that processes have mapped.
#[derive(Debug, Default)]
pub(crate) struct Places {
    pub(crate) modules: Vec<Module>,
    /// Modules by device and inode.
    by_id: HashMap<(u64, u64), usize>,
    /// By pid and address space.
    spaces: HashMap<(u32, u64), Space>,
}

#[derive(Debug)]
struct Space {
    read: Instant,
    /// By address, with the module of each.
    mappings: Vec<(Mapping, usize)>,
}

impl Places {
    /// Reads the mappings of a process that is new.
    pub(crate) fn meet(&mut self, pid: u32, space: u64) {
        // a kernel thread has no address space; 0 is a process that we cannot see
        if pid != 0 && space != 0 && !self.spaces.contains_key(&(pid, space)) {
            self.read(pid, space);
        }
    }

    /// The place at an address.
    pub(crate) fn frame(&mut self, pid: u32, space: u64, address: u64) -> Frame {
        self.meet(pid, space);
        if let Some(frame) = self.find(pid, space, address) {
            return frame;
        }
        let is_old = |space: &Space| space.read.elapsed() > PAUSE;
        if self.spaces.get(&(pid, space)).is_some_and(is_old) {
            self.read(pid, space);
        }
        self.find(pid, space, address).unwrap_or(Frame::Unknown)
    }

    fn find(&self, pid: u32, space: u64, address: u64) -> Option<Frame> {
        let mappings = &self.spaces.get(&(pid, space))?.mappings;
        let after = mappings.partition_point(|(mapping, _)| mapping.start <= address);
        let (mapping, module) = mappings.get(after.checked_sub(1)?)?;
        let offset = address - mapping.start + mapping.offset;
        (address < mapping.end).then_some(Frame::File(*module, offset))
    }

    fn read(&mut self, pid: u32, space: u64) {
        let read = Instant::now();
        let mut mappings = mapped::of(pid);
        mappings.retain(|mapping| mapping.is_code);
        let with_module = |mapping: Mapping| {
            let module = self.module(pid, &mapping);
            (mapping, module)
        };
        let mappings: Vec<_> = mappings.into_iter().map(with_module).collect();
        let known = self.spaces.entry((pid, space));
        let known = known.or_insert_with(|| Space {
            read,
            mappings: Vec::new(),
        });
        known.read = read;
        // those of a process that has ended meanwhile are what they were
        if !mappings.is_empty() {
            known.mappings = mappings;
        }
    }

    fn module(&mut self, pid: u32, mapping: &Mapping) -> usize {
        let file = files::open(&mapping.file(pid), LARGEST).ok();
        let id = file.as_ref().and_then(|file| file.metadata().ok());
        let id = id.map(|metadata| (metadata.dev(), metadata.ino()));
        if let Some(known) = id.and_then(|id| self.by_id.get(&id)) {
            return *known;
        }
        let path = PathBuf::from(mapping.path.trim_end_matches(" (deleted)"));
        // one that can't be opened has only its name
        let same = |module: &Module| module.file.is_none() && module.path == path;
        if id.is_none()
            && let Some(known) = self.modules.iter().position(same)
        {
            return known;
        }
        self.modules.push(Module { path, file });
        let module = self.modules.len() - 1;
        self.by_id.extend(id.map(|id| (id, module)));
        module
    }
}

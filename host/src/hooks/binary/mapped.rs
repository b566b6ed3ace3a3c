//! The files that a process has mapped.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use object::read::ReadCache;
use object::{Object as _, ObjectSegment as _};

use super::LARGEST;
use crate::{caller, files};

/// A part of a file in the memory of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The address of its first byte.
    pub start: u64,
    /// The address after its last byte.
    pub end: u64,
    /// The offset of its first byte in the file.
    pub offset: u64,
    /// True if it may be executed.
    pub is_code: bool,
    /// The path, as the process sees it.
    pub path: String,
}

impl Mapping {
    fn parse(line: &str) -> Option<Self> {
        // START-END PERMISSIONS OFFSET DEVICE INODE PATH
        let mut words = line.splitn(6, ' ');
        let hexadecimal = |word: &str| u64::from_str_radix(word, 16).ok();
        let (start, end) = words.next()?.split_once('-')?;
        let permissions = words.next()?;
        let offset = words.next()?;
        let path = words.nth(2)?.trim_start();
        path.starts_with('/').then_some(Self {
            start: hexadecimal(start)?,
            end: hexadecimal(end)?,
            offset: hexadecimal(offset)?,
            is_code: permissions.contains('x'),
            path: path.to_owned(),
        })
    }

    /// The file, for a process in another mount namespace or with another root.
    pub fn file(&self, pid: u32) -> PathBuf {
        if self.path.ends_with(" (deleted)") {
            return format!("/proc/{pid}/map_files/{:x}-{:x}", self.start, self.end).into();
        }
        let there = PathBuf::from(format!("/proc/{pid}/root{}", self.path));
        match is_same(&there, Path::new(&self.path)) {
            true => self.path.clone().into(),
            false => there,
        }
    }

    /// True if it is of the file at `path`.
    pub(super) fn is_of(&self, file: &Path, pid: u32) -> bool {
        Path::new(&self.path).file_name() == file.file_name() && is_same(&self.file(pid), file)
    }
}

/// A part of a file that a process maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The offset of its first byte in the file.
    pub offset: u64,
    /// Its bytes in the file.
    pub size: u64,
    /// The address of its first byte, as `nm` and `objdump` show addresses.
    pub address: u64,
}

impl Segment {
    /// The address of an offset in the file, if that is in this segment.
    pub fn address_of(&self, offset: u64) -> Option<u64> {
        let inside = offset.checked_sub(self.offset)?;
        (inside < self.size).then_some(self.address + inside)
    }
}

/// The segments of an ELF file; none if it can't be read, or is something else.
pub fn segments(file: &Path) -> Vec<Segment> {
    let Ok(file) = files::open(file, LARGEST) else {
        return Vec::new();
    };
    let cache = ReadCache::new(file);
    let Ok(elf) = object::File::parse(&cache) else {
        return Vec::new();
    };
    let segments = elf.segments().map(|segment| {
        let (offset, size) = segment.file_range();
        Segment {
            offset,
            size,
            address: segment.address(),
        }
    });
    segments.collect()
}

fn is_same(one: &Path, other: &Path) -> bool {
    let id = |path| fs::metadata(path).map(|file| (file.dev(), file.ino()));
    match (id(one), id(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// The mappings of files in a process, read with the caller's rights; none if that is not
/// permitted, or there is no such process.
pub fn of(pid: u32) -> Vec<Mapping> {
    let maps = caller::act(|| fs::read_to_string(format!("/proc/{pid}/maps")));
    let maps = maps.ok().and_then(Result::ok).unwrap_or_default();
    maps.lines().filter_map(Mapping::parse).collect()
}

/// The file that a process has mapped under that path or name.
pub(super) fn file(pid: u32, binary: &str) -> Option<PathBuf> {
    let is_it = |mapping: &&Mapping| {
        let path = mapping.path.trim_end_matches(" (deleted)");
        let name = path.rsplit('/').next();
        path == binary || name == Some(binary)
    };
    let all = of(pid);
    let found = all.iter().filter(|mapping| mapping.is_code).find(is_it)?;
    Some(found.file(pid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapping_is_a_line() {
        let line = "7f1c10026000-7f1c1017c000 r-xp 00026000 fe:01 1837  /usr/lib/a b.so";
        let expected = Mapping {
            start: 0x7f1c_1002_6000,
            end: 0x7f1c_1017_c000,
            offset: 0x26000,
            is_code: true,
            path: "/usr/lib/a b.so".into(),
        };
        assert_eq!(Mapping::parse(line), Some(expected));
        for line in [
            "",
            "7ffd-7ffe rw-p 0 00:00 0 [stack]",
            "1-2 rw-p 0 00:00 0 ",
        ] {
            assert_eq!(Mapping::parse(line), None);
        }
    }

    #[test]
    fn own_program_is_mapped() {
        let own = std::env::current_exe().expect("a path");
        let name = own.file_name().and_then(|name| name.to_str());
        let found = file(std::process::id(), name.expect("UTF-8"));
        assert_eq!(found, Some(own));
    }
}

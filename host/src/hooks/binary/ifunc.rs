//! Functions with several implementations, of which a process chooses one when it starts (IFUNC).
//! The choice is where the dynamic linker has stored it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process;

use nix::unistd::geteuid;

use super::LARGEST;
use super::elf::{Elf, Symbol};
use super::mapped::{self, Mapping};
use crate::{caller, files};

/// An implementation.
pub(super) struct Chosen {
    /// In the file.
    pub(super) offset: u64,
    /// A process that uses it.
    pub(super) pid: u32,
}

/// The implementation of `symbol` in `file` that process `pid` uses, or any process.
pub(super) fn implementation(
    file: &Path,
    elf: &Elf<'_>,
    symbol: &Symbol<'_>,
    pid: Option<i32>,
) -> Option<Chosen> {
    let processes = match pid {
        Some(pid) => vec![u32::try_from(pid).ok()?],
        None => processes(),
    };
    processes.into_iter().find_map(|pid| {
        let offset = of_process(file, elf, symbol, pid)?;
        Some(Chosen { offset, pid })
    })
}

/// The processes of this user, this one first. Another user's could point to any place, and a uprobe
/// inside of an instruction breaks every program that runs it.
fn processes() -> Vec<u32> {
    let user = geteuid().as_raw();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let own = entries.filter(|entry| entry.metadata().is_ok_and(|it| it.uid() == user));
    let all = own.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    [process::id()].into_iter().chain(all).collect()
}

fn of_process(file: &Path, elf: &Elf<'_>, symbol: &Symbol<'_>, pid: u32) -> Option<u64> {
    let all = mapped::of(pid);
    let own: Vec<_> = all
        .iter()
        .filter(|mapping| mapping.is_of(file, pid))
        .collect();
    if own.is_empty() {
        return None;
    }
    let memory = caller::act(|| File::open(format!("/proc/{pid}/mem")))
        .ok()?
        .ok()?;
    // other versions of the same name
    let same = elf
        .functions
        .iter()
        .filter(|other| other.name == symbol.name);
    let others: Vec<_> = same
        .filter_map(|other| elf.code_at(other.address))
        .collect();
    let library = elf;
    let chosen = |elf: &Elf<'_>, mappings: &[&Mapping], resolver: Option<u64>| {
        let bias = bias(elf, mappings)?;
        let slots = elf.slots(symbol.name, resolver).into_iter();
        slots
            .filter_map(|slot| address(&memory, bias.wrapping_add(slot), elf.word()))
            .filter_map(|address| offset(&own, address))
            .filter(|offset| !others.contains(offset))
            .find(|&offset| {
                library
                    .address_of(offset)
                    .is_some_and(|at| library.is_start(at))
            })
    };
    if let Some(offset) = chosen(elf, &own, Some(symbol.address)) {
        return Some(offset);
    }
    let mut modules = BTreeMap::<&str, Vec<&Mapping>>::new();
    for mapping in &all {
        modules.entry(&mapping.path).or_default().push(mapping);
    }
    modules.into_values().find_map(|mappings| {
        let file: PathBuf = mappings.first()?.file(pid);
        let bytes = files::read(&file, LARGEST).ok()?;
        chosen(&Elf::parse(&bytes)?, &mappings, None)
    })
}

/// The distance between addresses in memory and in the file.
fn bias(elf: &Elf<'_>, mappings: &[&Mapping]) -> Option<u64> {
    let code = mappings.iter().find(|mapping| mapping.is_code)?;
    // a mapping begins at a page, the segment in it may not
    let size = code.end - code.start;
    let mut offsets = (code.offset..code.offset + size).step_by(8);
    let (offset, address) = offsets.find_map(|offset| Some((offset, elf.address_of(offset)?)))?;
    Some((code.start + (offset - code.offset)).wrapping_sub(address))
}

/// The address that is stored at `at`.
fn address(memory: &File, at: u64, size: usize) -> Option<u64> {
    let mut bytes = [0; 8];
    memory.read_exact_at(&mut bytes[..size], at).ok()?;
    Some(u64::from_le_bytes(bytes))
}

fn offset(mappings: &[&Mapping], address: u64) -> Option<u64> {
    let inside = |mapping: &&&Mapping| (mapping.start..mapping.end).contains(&address);
    let mapping = mappings
        .iter()
        .filter(|mapping| mapping.is_code)
        .find(inside)?;
    Some(address - mapping.start + mapping.offset)
}

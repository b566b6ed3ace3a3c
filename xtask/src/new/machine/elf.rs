//! Programs and libraries, and the functions in them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::{Object as _, ObjectSymbol as _, SymbolKind};

use super::{Finding, among};
use crate::cc;

/// The file of a program or library: a path as it is, a program by PATH, a library as the linker
/// finds it.
pub(crate) fn resolve(binary: &str) -> Option<PathBuf> {
    if binary.contains('/') {
        return Path::new(binary).is_file().then(|| binary.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let program = env::split_paths(&path).map(|folder| folder.join(binary));
    program
        .into_iter()
        .find(|file| file.is_file())
        .or_else(|| cached(binary))
        .or_else(|| cc::archive(binary))
}

/// What the dynamic linker's cache says: `libc.so.6 (libc6,x86-64) => /lib/libc.so.6`.
fn cached(library: &str) -> Option<PathBuf> {
    let cache = ["ldconfig", "/sbin/ldconfig"]
        .into_iter()
        .find_map(|ldconfig| Command::new(ldconfig).arg("-p").output().ok())?;
    let cache = String::from_utf8_lossy(&cache.stdout).into_owned();
    let line = cache
        .lines()
        .find(|line| line.split_whitespace().next() == Some(library))?;
    Some(line.split_once("=> ")?.1.into())
}

/// Whether a function is in the symbols of `binary`, those for the dynamic linker or the others.
pub(crate) fn symbol(name: &str, binary: &str) -> Finding {
    let unknown = |reason: &str| Finding::Unknown(format!("`{binary}` {reason}"));
    let Some(path) = resolve(binary) else {
        return unknown("is not here");
    };
    let Ok(bytes) = fs::read(path) else {
        return unknown("can not be read");
    };
    let Ok(elf) = object::File::parse(&*bytes) else {
        return unknown("is no ELF file");
    };
    let is_function = |symbol: &object::Symbol<'_, '_>| {
        symbol.is_definition() && symbol.kind() == SymbolKind::Text
    };
    let functions: Vec<_> = elf
        .symbols()
        .chain(elf.dynamic_symbols())
        .filter(is_function)
        .filter_map(|symbol| Some(symbol.name().ok()?.to_owned()))
        .collect();
    match functions.is_empty() {
        true => unknown("is stripped of its symbols"),
        false => among(&format!("function in {binary}"), name, &functions),
    }
}

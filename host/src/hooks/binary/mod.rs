//! Functions of a program or library, and the probes built into it, as targets of uprobes.

mod elf;
mod ifunc;
pub mod mapped;
mod names;
mod probes;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::{env, fs};

use bpfapps_explain::Code;

use self::elf::{Elf, Symbol};
use self::names::Wanted;
use super::{Absent, Finding};
use crate::{files, shell};

pub(super) use probes::probe;

/// No program or library is larger, in bytes.
const LARGEST: u64 = 1 << 30;

/// The folders in which libbpf searches for libraries, and for programs after PATH.
const LIBRARIES: [&str; 5] = [
    "/usr/lib64",
    "/usr/lib",
    "/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/lib/riscv64-linux-gnu",
];
const PROGRAMS: [&str; 2] = ["/usr/bin", "/usr/sbin"];

/// Names of functions shown in a hint, at most.
const SHOWN: usize = 5;

/// A place in a program or library, for a uprobe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, which may be one in the mount namespace of another process.
    pub file: PathBuf,
    /// The offset in the file, in bytes.
    pub offset: u64,
    /// False inside of a function, where nothing can be known of its return.
    pub is_start: bool,
    /// What was chosen, and why: the version of a symbol, the implementation of an IFUNC.
    pub about: String,
}

/// Checks that a program or library has a function of that name.
pub(super) fn function(binary: &str, name: &str) -> Finding {
    match locate(binary, name, None) {
        Ok(_) => Finding::There,
        Err(absent) => absent.into(),
    }
}

/// Finds a function of a program or library: the one that process `pid` uses, if it is given.
///
/// A function is named as `nm` shows it, mangled or not, with a version (`memcpy@GLIBC_2.2.5`; the
/// default without one), and a distance behind it (`main+0x10`); or it is an address as `objdump
/// -d` shows it (`0x1149`).
///
/// # Errors
///
/// There is no such file or function, or several; with similar names, or what to do instead.
pub fn locate(binary: &str, function: &str, pid: Option<i32>) -> Result<Place, Absent> {
    let (file, bytes) = read(binary, pid)?;
    let elf = Elf::parse(&bytes).ok_or_else(|| no_elf(&file))?;
    let (name, version, plus) = match names::wanted(function) {
        Wanted::Address(address) => return at(&file, &elf, address, function.to_owned()),
        Wanted::Name {
            name,
            version,
            plus,
        } => (name, version, plus),
    };
    // debugging symbols are in a file of their own, with the addresses of this one
    let debug = elf.debug_file();
    let debug_bytes = debug
        .as_ref()
        .and_then(|file| files::read(file, LARGEST).ok());
    let debug = debug_bytes.as_deref().and_then(Elf::parse);
    let tables = [Some(&elf), debug.as_ref()].into_iter().flatten();
    let mut found = tables
        .clone()
        .map(|elf| names::matching(&elf.functions, name, version));
    let found = found.find(|found| !found.is_empty()).unwrap_or_default();
    let symbol = match found.as_slice() {
        [] => return Err(absent(&file, &elf, debug.as_ref(), function)),
        [one] => *one,
        _ => return Err(ambiguous(&found)),
    };
    if plus > 0 && plus >= symbol.size {
        let message = format!("{name} has {:#x} bytes", symbol.size);
        return Err(Absent::new(
            Code::NO_SYMBOL,
            message,
            "name a place inside of it",
        ));
    }
    if !symbol.is_ifunc {
        return at(
            &file,
            &elf,
            symbol.address.wrapping_add(plus),
            symbol.shown(),
        );
    }
    let chosen =
        ifunc::implementation(&file, &elf, symbol, pid).ok_or_else(|| no_choice(symbol))?;
    let by = |elf: &Elf<'_>| {
        let address = elf.address_of(chosen.offset)?;
        let mut all = elf.functions.iter();
        Some(all.find(|other| other.address == address)?.shown())
    };
    let name = tables.filter_map(by).next();
    Ok(Place {
        file,
        offset: chosen.offset + plus,
        is_start: plus == 0,
        about: format!(
            "{} has several implementations (IFUNC): process {} uses {}",
            symbol.shown(),
            chosen.pid,
            name.unwrap_or_else(|| format!("the one at offset {:#x}", chosen.offset)),
        ),
    })
}

/// The place of an address.
fn at(file: &Path, elf: &Elf<'_>, address: u64, about: String) -> Result<Place, Absent> {
    let offset = elf.code_at(address).ok_or_else(|| {
        Absent::new(
            Code::NO_SYMBOL,
            format!("{address:#x} is not in its code"),
            format!("objdump -d {} shows addresses", shell::word(file.as_ref())),
        )
    })?;
    Ok(Place {
        file: file.to_owned(),
        offset,
        is_start: elf.is_start(address),
        about,
    })
}

/// Why there is no function of that name.
fn absent(file: &Path, elf: &Elf<'_>, debug: Option<&Elf<'_>>, function: &str) -> Absent {
    let shown = shell::word(file.as_ref());
    if let Wanted::Name { name, .. } = names::wanted(function)
        && let Some(import) = elf.imports.iter().find(|import| import.name == name)
    {
        let libraries = import.library.into_iter().chain(elf.needed.iter().copied());
        let library = libraries
            .filter_map(|library| Some((library, resolve(library)?)))
            .find(|(_, library)| exports(library, name));
        let hint = match library {
            Some((library, _)) => format!("trace it in {library}"),
            None => format!("ldd {shown} shows its libraries: trace it in one of them"),
        };
        return Absent::new(Code::NO_SYMBOL, "it calls that function of a library", hint);
    }
    let tables = [Some(elf), debug].into_iter().flatten();
    let symbols: Vec<_> = tables.flat_map(|elf| &elf.functions).collect();
    let all: Vec<_> = symbols.iter().map(|symbol| symbol.plain()).collect();
    let is_stripped = !elf.has_symtab && debug.is_none();
    let message = match (is_stripped, all.is_empty()) {
        (true, true) => "it is stripped of its symbols",
        (true, false) => "it is stripped, and exports no such function",
        (false, _) => "it has no such function",
    };
    let by_address = "or name an address as objdump -d shows it: 0x1149";
    let hint = match elf.debug_file_name() {
        Some(file) if is_stripped => {
            format!(
                "install its debugging symbols ({}), {by_address}",
                file.display()
            )
        }
        _ if is_stripped => format!("use one that is not stripped, {by_address}"),
        _ => {
            format!("nm -D {shown} shows the functions of a library, nm {shown} those of a program")
        }
    };
    Absent::new(Code::NO_SYMBOL, message, hint).near(function, all.iter().map(|name| &**name))
}

fn exports(library: &Path, name: &str) -> bool {
    let bytes = files::read(library, LARGEST).unwrap_or_default();
    let elf = Elf::parse(&bytes);
    elf.is_some_and(|elf| elf.functions.iter().any(|symbol| symbol.name == name))
}

fn ambiguous(found: &[&Symbol<'_>]) -> Absent {
    let full: Vec<_> = found.iter().map(|symbol| symbol.shown()).collect();
    let are_named = full
        .iter()
        .all(|name| full.iter().filter(|other| *other == name).count() == 1);
    let mut all: Vec<_> = match are_named {
        true => full,
        false => found
            .iter()
            .map(|symbol| format!("{:#x}", symbol.address))
            .collect(),
    };
    let more = all.len().saturating_sub(SHOWN);
    all.truncate(SHOWN);
    let mut hint = format!("name one: {}", all.join(" or "));
    if more > 0 {
        hint += &format!(" (and {more} more)");
    }
    let message = format!("it has {} functions of that name", found.len());
    Absent::new(Code::NO_SYMBOL, message, hint)
}

fn no_choice(symbol: &Symbol<'_>) -> Absent {
    let message = format!(
        "{} has several implementations (IFUNC), of which each process chooses one when it starts",
        symbol.shown()
    );
    let hint = "start a program that uses it first";
    Absent::new(Code::NO_SYMBOL, message, hint)
}

fn read(binary: &str, pid: Option<i32>) -> Result<(PathBuf, Vec<u8>), Absent> {
    let file = file_of(binary, pid).ok_or_else(|| no_file(binary))?;
    match files::read(&file, LARGEST) {
        Ok(bytes) => Ok((file, bytes)),
        Err(err) => Err(Absent::new(
            Code::NO_BINARY,
            format!("{err:#}"),
            "run it with sudo",
        )),
    }
}

/// Checks that there is such a program or library.
pub(super) fn file(binary: &str) -> Finding {
    match resolve(binary) {
        Some(_) => Finding::There,
        None => no_file(binary).into(),
    }
}

fn no_file(binary: &str) -> Absent {
    let absent = |hint| Absent::new(Code::NO_BINARY, "there is no such program or library", hint);
    let Some((folder, name)) = binary.rsplit_once('/') else {
        return absent("name it by its path");
    };
    let beside = fs::read_dir(format!("{folder}/")).into_iter().flatten();
    let beside = beside.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let beside: Vec<_> = beside.collect();
    absent("ldd PROGRAM shows the libraries that it uses")
        .near(name, beside.iter().map(String::as_str))
}

fn no_elf(file: &Path) -> Absent {
    Absent::new(
        Code::NO_BINARY,
        format!("{} is no ELF file", file.display()),
        "a script has no functions of its own: name the interpreter that runs it",
    )
}

/// The file of a program or library: the one that process `pid` has mapped, also in a container, or
/// else a path as it is, and a name as libbpf searches for it.
pub fn file_of(binary: &str, pid: Option<i32>) -> Option<PathBuf> {
    let mapped = pid.and_then(|pid| mapped::file(u32::try_from(pid).ok()?, binary));
    mapped.or_else(|| resolve(binary))
}

/// The file of a program or library: a path is used as it is, a name is searched for as libbpf
/// does.
fn resolve(binary: &str) -> Option<PathBuf> {
    if binary.contains('/') {
        return Path::new(binary).is_file().then(|| binary.into());
    }
    let (variable, more) = match binary.contains(".so") {
        true => ("LD_LIBRARY_PATH", LIBRARIES.as_slice()),
        false => ("PATH", PROGRAMS.as_slice()),
    };
    let folders = env::var_os(variable).unwrap_or_default();
    env::split_paths(&folders)
        .chain(more.iter().map(PathBuf::from))
        .map(|folder| folder.join(binary))
        .find(|file| file.is_file())
}

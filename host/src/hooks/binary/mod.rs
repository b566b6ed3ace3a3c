//! Functions of a program or library, and the probes built into it, as targets of uprobes.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};

use bpfapps_explain::Code;
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SymbolKind};

use super::{Absent, Finding};
use crate::{files, shell};

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

/// Checks that a program or library has a function of that name.
pub(super) fn function(binary: &str, name: &str) -> Finding {
    let (file, bytes) = match read(binary) {
        Ok(read) => read,
        Err(absent) => return absent.into(),
    };
    let Ok(elf) = object::File::parse(&*bytes) else {
        return no_elf(&file).into();
    };
    let all: BTreeSet<_> = elf
        .symbols()
        .chain(elf.dynamic_symbols())
        .filter(|symbol| symbol.is_definition() && symbol.kind() == SymbolKind::Text)
        .filter_map(|symbol| Some(symbol.name().ok()?.to_owned()))
        .collect();
    if all.contains(name) {
        return Finding::There;
    }
    let message = match all.is_empty() {
        true => "it is stripped of its symbols",
        false => "it has no such function",
    };
    let otherwise = format!(
        "nm -D {0} shows the functions of a library, nm {0} those of a program",
        shell::word(file.as_ref())
    );
    Absent::new(Code::NO_SYMBOL, message, otherwise)
        .near(name, all.iter().map(String::as_str))
        .into()
}

/// Checks that a program or library has a built-in probe (USDT).
pub(super) fn probe(binary: &str, provider: &str, name: &str) -> Finding {
    let (file, bytes) = match read(binary) {
        Ok(read) => read,
        Err(absent) => return absent.into(),
    };
    let Ok(elf) = object::File::parse(&*bytes) else {
        return no_elf(&file).into();
    };
    let notes = elf.section_by_name(".note.stapsdt");
    let notes = notes
        .and_then(|section| section.data().ok())
        .unwrap_or_default();
    let all = probes(notes);
    let wanted = format!("{provider}:{name}");
    if all.contains(&wanted) {
        return Finding::There;
    }
    let message = match all.is_empty() {
        true => "it has no probes built in",
        false => "it has no such probe",
    };
    let file = shell::word(file.as_ref());
    let otherwise = format!("readelf -n {file} lists its probes");
    Absent::new(Code::NO_SYMBOL, message, otherwise)
        .near(&wanted, all.iter().map(String::as_str))
        .into()
}

/// The probes in a section of notes, as `provider:name`. A note has three numbers, its name, and a
/// description: three addresses, then `provider\0name\0arguments\0`.
fn probes(mut notes: &[u8]) -> Vec<String> {
    let mut found = BTreeSet::new();
    while let Some((head, rest)) = notes.split_at_checked(12) {
        let word = |at: usize| {
            let bytes = head.get(at..at + 4)?.try_into().ok()?;
            usize::try_from(u32::from_ne_bytes(bytes)).ok()
        };
        let (Some(name), Some(size)) = (word(0), word(4)) else {
            break;
        };
        let start = name.next_multiple_of(4);
        let Some(about) = rest.get(start..start.saturating_add(size)) else {
            break;
        };
        let texts = about.get(3 * size_of::<u64>()..).unwrap_or_default();
        let mut texts = texts.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        if let (Some(provider), Some(name)) = (texts.next(), texts.next()) {
            found.insert(format!("{provider}:{name}"));
        }
        notes = rest
            .get(start + size.next_multiple_of(4)..)
            .unwrap_or_default();
    }
    found.into_iter().collect()
}

fn read(binary: &str) -> Result<(PathBuf, Vec<u8>), Absent> {
    let file = resolve(binary).ok_or_else(|| {
        let hint = match binary.contains('/') {
            true => "ldd PROGRAM shows the libraries that it uses",
            false => "name it by its path",
        };
        Absent::new(Code::NO_BINARY, "there is no such program or library", hint)
    })?;
    match files::read(&file, LARGEST) {
        Ok(bytes) => Ok((file, bytes)),
        Err(err) => Err(Absent::new(
            Code::NO_BINARY,
            format!("{err:#}"),
            "run it with sudo",
        )),
    }
}

fn no_elf(file: &Path) -> Absent {
    Absent::new(
        Code::NO_BINARY,
        format!("{} is no ELF file", file.display()),
        "a script has no functions of its own: name the interpreter that runs it",
    )
}

/// The file of a program or library: a path is used as it is, a name is searched for as libbpf
/// does.
pub fn resolve(binary: &str) -> Option<PathBuf> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn note(provider: &str, name: &str, arguments: &str) -> Vec<u8> {
        let about = [
            vec![0; 24],
            format!("{provider}\0{name}\0{arguments}\0").into_bytes(),
        ]
        .concat();
        let mut note = Vec::new();
        for number in [8, about.len() as u32, 3] {
            note.extend(number.to_ne_bytes());
        }
        note.extend(b"stapsdt\0");
        note.extend(&about);
        note.resize(note.len().next_multiple_of(4), 0);
        note
    }

    #[test]
    fn probes_are_in_the_notes() {
        let notes = [note("libc", "setjmp", "8@%rdi"), note("app", "hit", "")].concat();
        assert_eq!(probes(&notes), ["app:hit", "libc:setjmp"]);
        // one that ends early is left out
        assert_eq!(probes(&notes[..notes.len() - 8]), ["libc:setjmp"]);
        assert!(probes(b"").is_empty());
    }

    #[test]
    fn function_is_found_or_what_is_near_it() {
        let own = env::current_exe().expect("a path");
        let own = own.to_str().expect("UTF-8");
        assert_eq!(function(own, "main"), Finding::There);
        let Finding::Absent(absent) = function(own, "mian") else {
            panic!("it is there")
        };
        assert_eq!(absent.code, Code::NO_SYMBOL);
        assert!(absent.near.contains(&"main".to_owned()), "{absent:?}");
    }
}

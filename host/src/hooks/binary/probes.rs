//! The probes that are built into a program or library (USDT): notes in the file.

use std::collections::BTreeSet;

use bpfapps_explain::Code;
use object::{Object as _, ObjectSection as _};

use super::{Absent, Finding, no_elf, read};
use crate::shell;

/// Checks that a program or library has a built-in probe (USDT).
pub(crate) fn probe(binary: &str, provider: &str, name: &str) -> Finding {
    let (file, bytes) = match read(binary, None) {
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
}

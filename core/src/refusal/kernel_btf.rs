//! The names in the kernel's own BTF: they tell what the kernel is built with.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// One file for the kernel itself, and one for each module.
pub(super) const FOLDER: &str = "/sys/kernel/btf";

/// What follows `prefix` in the names that begin with it, each once: nothing, where the kernel
/// shows no BTF.
pub(super) fn names(prefix: &str) -> Vec<String> {
    let files = fs::read_dir(FOLDER).into_iter().flatten();
    let files = files.filter_map(|file| fs::read(file.ok()?.path()).ok());
    let mut names = BTreeSet::new();
    for file in files {
        names.extend(names_in(&file, prefix));
    }
    names.into_iter().collect()
}

/// The same of one file. The names stand in it one behind the other, with a zero behind each.
pub(super) fn names_in(btf: &[u8], prefix: &str) -> BTreeSet<String> {
    let names = btf.split(|byte| *byte == 0);
    names
        .filter_map(|name| str::from_utf8(name).ok()?.strip_prefix(prefix))
        .map(str::to_owned)
        .collect()
}

/// Whether the kernel itself has a type, function or constant of that name. `None` where it shows no
/// BTF.
pub(super) fn has(name: &str) -> Option<bool> {
    let btf = fs::read(Path::new(FOLDER).join("vmlinux")).ok()?;
    Some(
        btf.split(|byte| *byte == 0)
            .any(|one| one == name.as_bytes()),
    )
}

//! vmlinux.h for build scripts with several objects. To read it takes clang nine tenths of the time for
//! a small program, so it is read once for all of them after the first.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};

use crate::clang::{Clang, Flags};

const HEADER: &str = "vmlinux.h";

/// A header that clang does not have to read again.
#[derive(Debug)]
pub(crate) struct Precompiled {
    pub(crate) file: PathBuf,
    /// The headers that it came from.
    pub(crate) sources: Vec<PathBuf>,
    /// Where it was looked for.
    includes: Vec<PathBuf>,
}

/// True after the first compilation, which needs no more than the header itself.
static IS_NEXT: AtomicBool = AtomicBool::new(false);

static MADE: Mutex<Option<Arc<Precompiled>>> = Mutex::new(None);

/// The precompiled header for `source`, from the second source on, if including it is the first that
/// the source does: a macro that is defined before would change it.
pub(crate) fn for_source(
    source: &Path,
    clang: &Clang,
    flags: &Flags<'_>,
    out: &Path,
) -> Result<Option<Arc<Precompiled>>> {
    let text = fs::read_to_string(source)
        .with_context(|| format!("failed to read {}", source.display()))?;
    if !starts_with_header(&text) || !IS_NEXT.swap(true, Ordering::Relaxed) {
        return Ok(None);
    }
    let mut made = MADE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(precompiled) = &*made {
        let is_same = precompiled.includes == flags.includes;
        return Ok(is_same.then(|| precompiled.clone()));
    }
    let mut places = flags.includes.iter().map(|folder| folder.join(HEADER));
    let Some(header) = places.find(|header| header.is_file()) else {
        // clang says so
        return Ok(None);
    };
    let file = out.join("vmlinux.pch");
    let precompiled = Precompiled {
        sources: clang.compile(&header, &file, flags, None)?,
        file,
        includes: flags.includes.to_vec(),
    };
    Ok(Some(made.insert(precompiled.into()).clone()))
}

fn starts_with_header(source: &str) -> bool {
    let mut directives = source.lines().map(str::trim_start).filter(|line| {
        let is_directive = line.starts_with('#');
        is_directive && !line.starts_with("#pragma clang diagnostic")
    });
    let first = directives
        .next()
        .and_then(|line| line.strip_prefix("#include "));
    first.is_some_and(|name| name.trim_end().trim_matches(['"', '<', '>']) == HEADER)
}

#[cfg(test)]
mod tests {
    use super::starts_with_header;

    #[test]
    fn macro_before_the_header_is_seen() {
        assert!(starts_with_header(
            "// why\n#include \"vmlinux.h\"\n#define A\n"
        ));
        assert!(starts_with_header("#include <vmlinux.h> \n"));
        assert!(!starts_with_header("#define A\n#include \"vmlinux.h\"\n"));
        assert!(!starts_with_header("int a;\n"));
    }
}

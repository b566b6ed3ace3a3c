//! Why an object file can't be opened, or the types of a kernel are not those of this one.

use std::path::Path;

use bpfapps_explain::{Code, Failure};
use bpfapps_host::hooks::btf::{self, Names};
use bpfapps_host::hooks::functions::Functions;

use crate::Object;

/// What keeps libbpf from using an object file, by its log.
pub(super) fn cause(object: &Object<'_>, log: &str) -> Option<Failure> {
    let (name, bytes) = (&*object.name, &*object.bytes);
    if log.contains("legacy map definitions") {
        return Some(
            Failure::new(
                format!("{name} defines its maps as libbpf before 1.0 did, in a section `maps`"),
                "define them in SEC(\".maps\"), with __uint and __type",
            )
            .code(Code::LEGACY_MAPS),
        );
    }
    no_types(name, bytes, log)
}

/// Maps, globals and CO-RE are described in BTF.
fn no_types(name: &str, bytes: &[u8], log: &str) -> Option<Failure> {
    let refused = [
        "BTF is required",
        "Error loading ELF section .BTF",
        "Unsupported BTF_KIND",
    ];
    if !refused.iter().any(|line| log.contains(line)) {
        return None;
    }
    let has_any = bytes.split(|byte| *byte == 0).any(|name| name == b".BTF");
    let by = compiler(bytes).map_or_else(String::new, |clang| format!(", by clang {clang}"));
    let (message, hint) = match has_any {
        true => (
            format!("the BTF in {name} can't be read{by}"),
            "compile it again, with clang 11 or newer",
        ),
        false => (
            format!("{name} has no BTF{by}"),
            "compile it with -g, by clang 11 or newer, and strip it with llvm-strip -g at most",
        ),
    };
    Some(Failure::new(message, hint).code(Code::NO_OBJECT_BTF))
}

/// The version of the clang that says so in an object that has its debugging information.
fn compiler(bytes: &[u8]) -> Option<String> {
    let word = b"clang version ";
    let at = bytes
        .windows(word.len())
        .position(|window| window == word)?;
    let version = bytes[at + word.len()..].iter();
    let version = version.take_while(|byte| byte.is_ascii_digit() || **byte == b'.');
    Some(version.map(|byte| char::from(*byte)).collect())
}

/// Whether the types in `file` are another kernel's: each tracepoint of a kernel has a type, and a
/// function.
pub(super) fn foreign_btf(file: &Path) -> Option<Failure> {
    let names = Names::in_file(file).ok()?;
    let types = names.after("btf_trace_");
    let functions = Functions::read().ok()?;
    let here: Vec<_> = functions.behind("__traceiter_").collect();
    if here.is_empty() {
        return None;
    }
    let unknown = types.iter().filter(|name| !here.contains(name)).count();
    // modules have some, too
    let untyped = here.iter().filter(|name| !types.contains(*name)).count();
    if unknown * 50 <= types.len() && untyped * 4 <= here.len() {
        return None;
    }
    let hint = match Path::new(btf::KERNEL).exists() {
        true => "leave --btf away: this kernel shows its own BTF",
        false => "take that of this very kernel, as uname -r names it",
    };
    let message = format!("{} is not the BTF of this kernel", file.display());
    Some(Failure::new(message, hint).code(Code::FOREIGN_BTF))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiler_is_the_one_that_made_it() {
        let bytes = b"\0Debian clang version 9.0.1-16+b1\0";
        assert_eq!(compiler(bytes).as_deref(), Some("9.0.1"));
        assert_eq!(compiler(b"gcc"), None);
    }
}

//! Explains why an object file cannot be opened, and detects the BTF of another kernel.

use std::path::Path;

use bpfapps_explain::{Code, Failure};
use bpfapps_host::hooks::btf::{self, Names};
use bpfapps_host::hooks::functions::Functions;

use crate::Object;

/// The reason that libbpf cannot open an object file, from its log.
pub(super) fn cause(object: &Object<'_>, log: &str) -> Option<Failure> {
    let (name, bytes) = (&*object.name, &*object.bytes);
    if log.contains("legacy map definitions") {
        return Some(
            Failure::new(
                format!("{name} defines its maps in the section `maps`, which libbpf 1.0 dropped"),
                "define them in SEC(\".maps\"), with __uint and __type",
            )
            .code(Code::LEGACY_MAPS),
        );
    }
    no_types(name, bytes, log)
}

/// Maps, globals and CO-RE require BTF in the object.
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
    let by =
        compiler(bytes).map_or_else(String::new, |clang| format!(", compiled by clang {clang}"));
    let (message, hint) = match has_any {
        true => (
            format!("the BTF in {name} cannot be read{by}"),
            "compile it again with clang 11 or newer",
        ),
        false => (
            format!("{name} has no BTF{by}"),
            "compile it with -g and clang 11 or newer, and strip it only with llvm-strip -g",
        ),
    };
    Some(Failure::new(message, hint).code(Code::NO_OBJECT_BTF))
}

/// The version of clang, from the debug information of an object.
fn compiler(bytes: &[u8]) -> Option<String> {
    let word = b"clang version ";
    let at = bytes
        .windows(word.len())
        .position(|window| window == word)?;
    let version = bytes[at + word.len()..].iter();
    let version = version.take_while(|byte| byte.is_ascii_digit() || **byte == b'.');
    Some(version.map(|byte| char::from(*byte)).collect())
}

/// The failure if `file` is the BTF of another kernel: each tracepoint has both a type in BTF and a
/// function in the running kernel.
pub(super) fn foreign_btf(file: &Path, log: &str) -> Option<Failure> {
    let names = Names::in_file(file).ok()?;
    let types = names.after("btf_trace_");
    // the part of a kernel's types that some objects read has no tracepoints
    if types.is_empty() && !log.contains("invalid CO-RE relocation") {
        return None;
    }
    let functions = Functions::read().ok()?;
    let here: Vec<_> = functions.behind("__traceiter_").collect();
    if here.is_empty() {
        return None;
    }
    let unknown = types.iter().filter(|name| !here.contains(name)).count();
    // modules also have tracepoints, without types in this file
    let untyped = here.iter().filter(|name| !types.contains(*name)).count();
    if unknown * 50 <= types.len() && untyped * 4 <= here.len() {
        return None;
    }
    let hint = match Path::new(btf::KERNEL).exists() {
        true => "omit --btf: this kernel has its own BTF",
        false => "use the BTF of the running kernel, as named by uname -r",
    };
    let message = format!("{} is not the BTF of this kernel", file.display());
    Some(Failure::new(message, hint).code(Code::FOREIGN_BTF))
}

/// The failure of an object with programs whose targets the kernel finds in its own BTF, on a kernel
/// that has none.
pub(super) fn no_own_btf(log: &str) -> Option<Failure> {
    let is_it = log.contains("Error loading vmlinux BTF") && !Path::new(btf::KERNEL).exists();
    is_it.then(|| {
        Failure::new(
            "tp_btf, fentry, LSM and iterator programs need the BTF of the kernel itself, and this \
             kernel has none",
            "boot a kernel that is built with CONFIG_DEBUG_INFO_BTF=y: a file or a bundle does for \
             other programs only, such as raw_tp",
        )
        .code(Code::NO_BTF)
    })
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

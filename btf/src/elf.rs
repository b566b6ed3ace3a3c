//! Object files that libbpf can read on this machine.

use bpfapps_explain::{Code, Failure};
use object::{
    Architecture, File, Object as _, ObjectKind, ObjectSection as _, SectionKind, elf::ELFMAG,
};

/// Hint for a file that is not a BPF object.
const COMPILE: &str = "compile a BPF object file from C: clang -g -O2 -target bpf -c NAME.bpf.c -o \
                       NAME.bpf.o";

/// Parses an object file that libbpf can read on this machine. For any other file libbpf only
/// reports `Invalid argument`.
///
/// # Errors
///
/// The bytes are not such a file; the error says why.
pub fn parse(bytes: &[u8]) -> Result<File<'_>, Failure> {
    let wrong = |what: String| Failure::new(what, COMPILE).code(Code::NO_OBJECT);
    if bytes.is_empty() {
        return Err(wrong("the file is empty".into()));
    }
    if !bytes.starts_with(&ELFMAG) {
        return Err(wrong("it is not an ELF file".into()));
    }
    let file = File::parse(bytes).map_err(|err| {
        let what = format!("it is a damaged ELF file: {}", lower(&err.to_string()));
        Failure::new(what, "compile or copy it again").code(Code::NO_OBJECT)
    })?;
    if file.architecture() != Architecture::Bpf {
        let machine = format!("{:?}", file.architecture()).to_lowercase();
        return Err(wrong(format!("it is compiled for {machine}, not for BPF")));
    }
    if file.is_little_endian() != cfg!(target_endian = "little") {
        let order = |little| if little { "little" } else { "big" };
        let (its, ours) = (file.is_little_endian(), cfg!(target_endian = "little"));
        return Err(Failure::new(
            format!(
                "it is for {}-endian machines, but this one is {}-endian",
                order(its),
                order(ours)
            ),
            "compile it with -target bpf on a machine of this byte order, or with -target bpfel or \
             bpfeb",
        )
        .code(Code::BYTE_ORDER));
    }
    let is_code = |section: &object::Section<'_, '_>| {
        section.kind() == SectionKind::Text && section.size() > 0
    };
    if file.kind() != ObjectKind::Relocatable || !file.sections().any(|it| is_code(&it)) {
        return Err(wrong("it contains no BPF program".into()));
    }
    Ok(file)
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}

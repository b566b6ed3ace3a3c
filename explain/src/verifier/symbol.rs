use super::{Diagnosis, LineInfo, Span, quoted};
use crate::Code;

/// How libbpf writes that there is no memory for a map, or that it is too large: by name, and by
/// number in older versions.
const TOO_LARGE: [&str; 4] = ["-E2BIG", "-ENOMEM", "(-7)", "(-12)"];

const OLDER_KERNEL: &str = "check its name, and since which Linux it is there; where it may be missing, declare it `__weak` \
     and ask `bpf_ksym_exists` first";
const NOT_OF_THE_KERNEL: &str = "a function of the kernel is declared with `__ksym`; one of your own belongs into a header, as \
     `static __always_inline`";
const SMALLER: &str = "make `max_entries` or the value smaller; a hash with `BPF_F_NO_PREALLOC` takes memory only for \
     the entries that there are";

/// What libbpf says before there is a program to verify: of a map, or of what the kernel is to have.
pub(super) fn explain(message: &str, lines: &dyn LineInfo) -> Option<Diagnosis> {
    let (code, symbol, what, fix) = cause(message)?;
    let label = message.trim().trim_start_matches("libbpf: ").to_owned();
    let place = lines.first_use(symbol);
    let (spans, notes) = match place {
        Some(place) => (vec![Span { place, label }], Vec::new()),
        None => (Vec::new(), vec![label]),
    };
    Some(Diagnosis {
        code,
        message: format!("`{symbol}` {what}"),
        fix: fix.to_owned(),
        subjects: vec![format!("'{symbol}'"), format!("({symbol})")],
        spans,
        notes,
    })
}

/// The code, the symbol, what is wrong with it, and the fix.
fn cause(message: &str) -> Option<(Code, &str, &'static str, &'static str)> {
    let unknown = "is not in the running kernel";
    if message.contains(": not found in kernel") {
        let symbol = quoted(message, " ksym) '")?;
        return Some((Code::UNKNOWN_FUNCTION, symbol, unknown, OLDER_KERNEL));
    }
    if let Some(symbol) = quoted(message, "failed to find BTF for extern '") {
        let unknown = "is declared `extern`, and nothing defines it";
        return Some((Code::UNKNOWN_FUNCTION, symbol, unknown, NOT_OF_THE_KERNEL));
    }
    if message.contains("': failed to create: ")
        && TOO_LARGE.iter().any(|errno| message.contains(errno))
    {
        let symbol = quoted(message, "map '")?;
        let what = "is a map that is larger than the kernel can make it";
        return Some((Code::MAP_TOO_LARGE, symbol, what, SMALLER));
    }
    None
}

use super::{Diagnosis, LineInfo, Span, quoted};
use crate::Code;

/// How libbpf reports that a map is too large or that memory is short: by name, in older versions
/// by number.
const TOO_LARGE: [&str; 4] = ["-E2BIG", "-ENOMEM", "(-7)", "(-12)"];

const OLDER_KERNEL: &str = "check its name and the Linux version that introduced it; if it can be missing, declare it \
     `__weak` and check `bpf_ksym_exists` first";
const NOT_OF_THE_KERNEL: &str = "declare a kernel function with `__ksym`; put a function of your own into a header, as \
     `static __always_inline`";
const SMALLER: &str = "reduce `max_entries` or the value size; a hash with `BPF_F_NO_PREALLOC` allocates memory only \
     for existing entries";

/// Explains a libbpf message from before verification: about a map, or a missing kernel symbol.
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

/// The code, the symbol, the problem, and the fix.
fn cause(message: &str) -> Option<(Code, &str, &'static str, &'static str)> {
    let unknown = "is not in the running kernel";
    if message.contains(": not found in kernel") {
        let symbol = quoted(message, " ksym) '")?;
        return Some((Code::UNKNOWN_FUNCTION, symbol, unknown, OLDER_KERNEL));
    }
    if let Some(symbol) = quoted(message, "failed to find BTF for extern '") {
        let unknown = "is declared `extern`, but nothing defines it";
        return Some((Code::UNKNOWN_FUNCTION, symbol, unknown, NOT_OF_THE_KERNEL));
    }
    if message.contains("': failed to create: ")
        && TOO_LARGE.iter().any(|errno| message.contains(errno))
    {
        let symbol = quoted(message, "map '")?;
        let what = "is a map that is too large for the kernel to create";
        return Some((Code::MAP_TOO_LARGE, symbol, what, SMALLER));
    }
    None
}

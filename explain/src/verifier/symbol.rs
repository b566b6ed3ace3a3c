use super::{Diagnosis, LineInfo, Span, quoted};
use crate::Code;

/// What libbpf says before there is a program to verify: of a map, or of a function that the kernel
/// is to have.
pub(super) fn explain(message: &str, lines: &dyn LineInfo) -> Option<Diagnosis> {
    let too_large = ["-E2BIG", "-ENOMEM", "(-7)", "(-12)"];
    let (code, subject, what, mend) = if let Some(name) = quoted(message, "extern (func ksym) '") {
        (
            Code::UNKNOWN_FUNCTION,
            name,
            "is called, and the running kernel has no such function",
            "check its name, and since which Linux it is there; where it may be missing, declare \
             it `__weak` and ask `bpf_ksym_exists` before the call",
        )
    } else if let Some(name) = quoted(message, "map '")
        && message.contains("failed to create")
        && too_large.iter().any(|errno| message.contains(errno))
    {
        (
            Code::MAP_TOO_LARGE,
            name,
            "is a map that is larger than the kernel can make it",
            "make `max_entries` or the value smaller; a hash with `BPF_F_NO_PREALLOC` takes memory \
             only for the entries that there are",
        )
    } else {
        return None;
    };
    let label = message.trim().trim_start_matches("libbpf: ").to_owned();
    let place = lines.first_use(subject);
    let mut notes = Vec::new();
    let spans: Vec<_> = match place {
        Some(place) => vec![Span { place, label }],
        None => {
            notes.push(label);
            Vec::new()
        }
    };
    Some(Diagnosis {
        code,
        message: format!("`{subject}` {what}"),
        mend: mend.to_owned(),
        subjects: [format!("'{subject}'"), format!("({subject})")],
        spans,
        notes,
    })
}

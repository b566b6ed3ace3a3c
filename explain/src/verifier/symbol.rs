//! libbpf's messages from before verification: about maps, sections, and symbols of the kernel.

use super::{Diagnosis, LineInfo, Span};
use crate::{Code, did_you_mean};

/// How libbpf reports that a map is too large or that memory is short: by name, in older versions
/// by number.
const TOO_LARGE: [&str; 4] = ["-E2BIG", "-ENOMEM", "(-7)", "(-12)"];

/// The first parts of the section names that libbpf knows.
const SECTIONS: [&str; 45] = [
    "action",
    "cgroup",
    "cgroup_skb",
    "classifier",
    "fentry",
    "fexit",
    "flow_dissector",
    "fmod_ret",
    "freplace",
    "iter",
    "kprobe",
    "kprobe.multi",
    "kretprobe",
    "kretprobe.multi",
    "ksyscall",
    "kretsyscall",
    "lirc_mode2",
    "lsm",
    "lsm_cgroup",
    "lwt_in",
    "lwt_out",
    "lwt_xmit",
    "netfilter",
    "netkit",
    "perf_event",
    "raw_tp",
    "raw_tracepoint",
    "sk_lookup",
    "sk_msg",
    "sk_reuseport",
    "sk_skb",
    "socket",
    "sockops",
    "struct_ops",
    "syscall",
    "tc",
    "tcx",
    "tp",
    "tp_btf",
    "tracepoint",
    "uprobe",
    "uprobe.multi",
    "uretprobe",
    "usdt",
    "xdp",
];

/// A message of libbpf.
struct Said {
    /// The text before the quoted name that the message is about, and a later part of it.
    says: (&'static str, &'static str),
    code: Code,
    /// The problem, to follow the name.
    what: &'static str,
    fix: &'static str,
}

const KNOWN: [Said; 16] = [
    Said {
        says: (" ksym) '", ": not found in kernel"),
        code: Code::UNKNOWN_FUNCTION,
        what: "is not in the running kernel",
        fix: "check its name and the Linux version that introduced it; if it can be missing, declare it \
              `__weak` and check `bpf_ksym_exists` first",
    },
    Said {
        says: ("failed to find BTF for extern '", ""),
        code: Code::UNKNOWN_FUNCTION,
        what: "is declared `extern`, but nothing defines it",
        fix: "declare a kernel function with `__ksym`; put a function of your own into a header, as \
              `static __always_inline`",
    },
    Said {
        says: ("extern '", "(strong): not resolved"),
        code: Code::KCONFIG,
        what: "is not in the configuration of the running kernel",
        fix: "declare it `__kconfig __weak`, and handle the value 0, which it has then",
    },
    Said {
        says: ("extern (kcfg) '", "'"),
        code: Code::KCONFIG,
        what: "is declared with a type that does not fit the option's value",
        fix: "declare it with the type that libbpf names: `bool` or `enum libbpf_tristate` for y and m, \
              an integer for numbers, `char[]` for text",
    },
    Said {
        says: ("couldn't reuse pinned map at '", "parameter mismatch"),
        code: Code::MAP_DEFINITION,
        what: "holds a pinned map of another type or size",
        fix: "remove the file if nothing else uses it, or set another pin path",
    },
    Said {
        says: ("map '", "failed to create: "),
        code: Code::MAP_DEFINITION,
        what: "is a map that the kernel does not create",
        fix: "check type, key, value, `max_entries` and flags: the page of BPF0067 lists what each type \
              requires",
    },
    Said {
        says: ("map '", "unknown field '"),
        code: Code::MAP_DEFINITION,
        what: "is a map with a field that libbpf does not know",
        fix: "use type, key, value, key_size, value_size, max_entries, map_flags, numa_node, pinning, \
              map_extra or values",
    },
    Said {
        says: ("map '", "invalid pinning value"),
        code: Code::MAP_DEFINITION,
        what: "is a map with a wrong value of `pinning`",
        fix: "write `__uint(pinning, LIBBPF_PIN_BY_NAME)`, or leave it out",
    },
    Said {
        says: ("map '", "conflicting "),
        code: Code::MAP_DEFINITION,
        what: "is a map whose key or value is defined twice, with different sizes",
        fix: "use `__type(key, …)` and `__type(value, …)` alone",
    },
    Said {
        says: ("map '", "inner def"),
        code: Code::MAP_DEFINITION,
        what: "is a map of maps whose inner map is not defined as it must be",
        fix: "define the inner map as a struct of its own, without pinning: \
              `__array(values, struct inner)`",
    },
    Said {
        says: ("map '", "map type isn't specified"),
        code: Code::MAP_DEFINITION,
        what: "is a map without a type",
        fix: "add `__uint(type, BPF_MAP_TYPE_HASH);`",
    },
    Said {
        says: ("program '", "is static and not supported"),
        code: Code::SECTION,
        what: "is a static function with a SEC() of a program",
        fix: "remove `static`: a program is a global function; or remove SEC() from a function that the \
              program calls",
    },
    Said {
        says: ("bad map relo against '", ""),
        code: Code::MAP_DEFINITION,
        what: "is used as a map, but is not defined in SEC(\".maps\")",
        fix: "define it as `struct { __uint(type, …); … } name SEC(\".maps\");`, outside of functions",
    },
    Said {
        says: ("bad call relo against '", ""),
        code: Code::SECTION,
        what: "is called, but is a program, or is in a section from which it cannot be called",
        fix: "make it a function without SEC()",
    },
    Said {
        says: ("invalid relo against '", "special section"),
        code: Code::SECTION,
        what: "is a global variable without a value, for which the compiler reserved no memory",
        fix: "give it a value, `= 0`, or compile with -fno-common",
    },
    Said {
        says: ("bad data relo against section '", ""),
        code: Code::SECTION,
        what: "is a section whose data a program uses, and which libbpf does not load",
        fix: "keep data in globals: .data, .rodata, .bss, or sections whose names begin so",
    },
];

/// Explains a message; `None` if it is not known.
pub(super) fn explain(message: &str, lines: &dyn LineInfo) -> Option<Diagnosis> {
    let (code, symbol, what, fix) = section(message)
        .or_else(|| member(message))
        .or_else(|| cause(message))?;
    let label = message.trim().trim_start_matches("libbpf: ").to_owned();
    let place = match code {
        Code::SECTION => lines.place(symbol, 0),
        _ => lines.first_use(symbol),
    };
    let (spans, notes) = match place {
        Some(place) => (vec![Span { place, label }], Vec::new()),
        None => (Vec::new(), vec![label]),
    };
    Some(Diagnosis {
        code,
        message: format!("`{symbol}` {what}"),
        fix,
        subjects: vec![format!("'{symbol}'"), format!("({symbol})")],
        spans,
        notes,
    })
}

/// The code, the symbol, the problem, and the fix.
fn cause(message: &str) -> Option<(Code, &str, String, String)> {
    if message.contains("failed to open system Kconfig") {
        let what = "cannot be read, and neither can the configuration in /boot: the program uses options \
                    of the kernel's configuration";
        let fix = "install the kernel's configuration as /boot/config-$(uname -r)";
        let file = "/proc/config.gz";
        return Some((Code::KCONFIG, file, what.to_owned(), fix.to_owned()));
    }
    let is_said = |said: &&Said| {
        let (before, after) = said.says;
        let behind = message.split_once(before).map(|(_, behind)| behind);
        behind.is_some_and(|behind| behind.contains(after))
    };
    let said = KNOWN.iter().find(is_said)?;
    let symbol = super::quoted(message, said.says.0)?;
    let is_large = TOO_LARGE.iter().any(|errno| message.contains(errno));
    let is_creation = said.says.1 == "failed to create: ";
    if is_creation && is_large {
        let what = "is a map that is too large for the kernel to create";
        let fix = "reduce `max_entries` or the value size; a hash with `BPF_F_NO_PREALLOC` allocates \
                   memory only for existing entries";
        return Some((Code::MAP_TOO_LARGE, symbol, what.to_owned(), fix.to_owned()));
    }
    // the machine is to blame for other errors
    if is_creation
        && !["-EINVAL", "(-22)", "-524"]
            .iter()
            .any(|errno| message.contains(errno))
    {
        return None;
    }
    Some((said.code, symbol, said.what.to_owned(), said.fix.to_owned()))
}

/// `prog 'x': missing BPF prog type, check ELF section name 'tracpoint/a/b'`
fn section(message: &str) -> Option<(Code, &str, String, String)> {
    let section = super::quoted(message, "missing BPF prog type, check ELF section name '")?;
    let program = super::quoted(message, "prog '")?;
    let (kind, rest) = section.split_once('/').unwrap_or((section, ""));
    let (kind, sleepable) = match kind.strip_suffix(".s") {
        Some(kind) => (kind, ".s"),
        None => (kind, ""),
    };
    let near = crate::nearest(kind, SECTIONS.into_iter());
    let near: Vec<_> = near
        .into_iter()
        .map(|name| match rest {
            "" => format!("SEC(\"{name}{sleepable}\")"),
            rest => format!("SEC(\"{name}{sleepable}/{rest}\")"),
        })
        .collect();
    let near: Vec<_> = near.iter().map(String::as_str).collect();
    let fix = did_you_mean(&near).unwrap_or_else(|| {
        "libbpf takes the program type from the section: see `SEC` in its documentation, or set the \
         type before loading"
            .to_owned()
    });
    let what = format!("is in the section `{section}`, which names no program type");
    Some((Code::SECTION, program, what, fix))
}

/// `struct_ops reloc algorithm: prog handle_init is not struct_ops BPF program`
fn member(message: &str) -> Option<(Code, &str, String, String)> {
    let (before, _) = message.split_once(" is not struct_ops BPF program")?;
    let (_, program) = before.rsplit_once("prog ")?;
    let what = "is a function of a struct_ops, but its section names another program type, or none";
    let fix = "did you mean SEC(\"struct_ops\")?";
    Some((Code::SECTION, program, what.to_owned(), fix.to_owned()))
}

use std::fmt;
use std::str::FromStr;

/// A failure that is explained: its code never changes its meaning, and is never given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Code {
    name: &'static str,
    page: &'static str,
}

/// The list of the codes: a constant and a file of `pages/` each.
macro_rules! codes {
    ($($(#[$doc:meta])* $constant:ident = $name:literal,)*) => {
        impl Code {
            $(
                $(#[$doc])*
                pub const $constant: Self = Self {
                    name: $name,
                    page: include_str!(concat!("../pages/", $name, ".md")),
                };
            )*

            /// Every code, in the order of the numbers.
            pub const ALL: &[Self] = &[$(Self::$constant),*];
        }
    };
}

// 1 to 39 loading, 40 to 59 attaching, 60 to 69 opening, 70 to 89 building, 90 on the machine
codes! {
    /// What a lookup in a map returned is used, and may be NULL.
    NULL_CHECK = "BPF0001",
    /// A loop has no bound that the verifier sees.
    ENDLESS_LOOP = "BPF0002",
    /// The verifier gives up after a million instructions.
    TOO_LARGE = "BPF0003",
    /// An access may reach beyond a map's value.
    OUT_OF_BOUNDS = "BPF0004",
    /// More than 512 bytes of stack.
    STACK_TOO_LARGE = "BPF0005",
    /// Stack, or a register, is read before it is written.
    UNINITIALIZED = "BPF0006",
    /// An access at an offset without a bound.
    UNBOUNDED = "BPF0007",
    /// A record of the ring buffer is neither submitted nor discarded.
    NOT_SUBMITTED = "BPF0008",
    /// A record of the ring buffer is used after it was submitted.
    USED_AFTER_SUBMIT = "BPF0009",
    /// The program type does not have this helper, or the kernel does not.
    HELPER = "BPF0010",
    /// A helper that the program's licence does not allow.
    GPL_ONLY = "BPF0011",
    /// A write to read-only memory.
    READ_ONLY = "BPF0012",
    /// Arithmetic that a pointer does not survive.
    POINTER_ARITHMETIC = "BPF0013",
    /// A kernel address would get into a map.
    POINTER_LEAK = "BPF0014",
    /// A packet is read without a comparison with its end.
    PACKET_BOUNDS = "BPF0015",
    /// The program type does not allow this return value.
    RETURN_VALUE = "BPF0016",
    /// A kfunc that this program may not call.
    KERNEL_FUNCTION = "BPF0017",
    /// CO-RE finds no such field or type in the running kernel.
    CORE_FIELD = "BPF0018",
    /// An `extern` function that the running kernel does not have.
    UNKNOWN_FUNCTION = "BPF0019",
    /// A map for which there is no memory, or that is larger than a map may be.
    MAP_TOO_LARGE = "BPF0020",
    /// Memory is read through what the verifier takes for a number.
    NUMBER_AS_POINTER = "BPF0021",
    /// A function is called with an argument of the wrong kind.
    ARGUMENT = "BPF0022",
    /// The verifier rejects it for another reason.
    REJECTED = "BPF0039",
    /// A tracepoint is not there.
    NO_TRACEPOINT = "BPF0040",
    /// A function of the kernel is not there.
    NO_FUNCTION = "BPF0041",
    /// A hook for LSM, iterator or struct_ops programs is not there.
    NO_HOOK = "BPF0042",
    /// A program or library has no such function or probe.
    NO_SYMBOL = "BPF0043",
    /// A program or library is not there, or is none.
    NO_BINARY = "BPF0044",
    /// A capability is missing.
    MISSING_CAPABILITY = "BPF0045",
    /// perf events are closed by a setting.
    PERF_PARANOID = "BPF0046",
    /// The kernel is locked down.
    LOCKED_DOWN = "BPF0047",
    /// Another program has the hook.
    TAKEN = "BPF0048",
    /// The kernel does not have such hooks.
    NO_SUPPORT = "BPF0049",
    /// A network driver has no XDP.
    XDP_DRIVER = "BPF0050",
    /// The kernel has no kprobes, or no uprobes.
    NO_PROBES = "BPF0051",
    /// A function of the kernel may not be traced.
    NOT_TRACEABLE = "BPF0052",
    /// tracefs is not mounted, or closed.
    NO_TRACEFS = "BPF0053",
    /// A network interface is not there.
    NO_INTERFACE = "BPF0054",
    /// A cgroup is not there.
    NO_CGROUP = "BPF0055",
    /// The BPF LSM is not active.
    LSM_OFF = "BPF0056",
    /// The kernel shows no types.
    NO_BTF = "BPF0060",
    /// The types are another kernel's.
    FOREIGN_BTF = "BPF0061",
    /// A file with types is none.
    NOT_BTF = "BPF0062",
    /// A BPF object is none.
    NO_OBJECT = "BPF0063",
    /// A BPF object is of the other byte order.
    BYTE_ORDER = "BPF0064",
    /// A BPF object has no types.
    NO_OBJECT_BTF = "BPF0065",
    /// Maps are defined in the old way.
    LEGACY_MAPS = "BPF0066",
    /// A type that no header declares.
    UNKNOWN_TYPE = "BPF0070",
    /// vmlinux.h beside a header that declares the same types.
    MIXED_HEADERS = "BPF0071",
    /// A helper that no header declares.
    UNDECLARED_HELPER = "BPF0072",
    /// A constant that is a macro, which vmlinux.h has none of.
    MISSING_CONSTANT = "BPF0073",
    /// A function of the C library.
    C_LIBRARY = "BPF0074",
    /// memcpy and the like, where the compiler does not write them out.
    BUILTIN_CALL = "BPF0075",
    /// Floating point, or integers of more than 64 bits.
    WIDE_NUMBER = "BPF0076",
    /// More than 512 bytes of stack, as the compiler sees it.
    STACK_AT_BUILD = "BPF0077",
    /// More than five arguments, variable ones, or a struct by value.
    ARGUMENTS = "BPF0078",
    /// A loop that the compiler was told to unroll, and could not.
    NOT_UNROLLED = "BPF0079",
    /// A division of signed numbers.
    SIGNED_DIVISION = "BPF0080",
    /// An array whose size is known only at run time.
    DYNAMIC_STACK = "BPF0081",
    /// A function without a body.
    MISSING_BODY = "BPF0082",
    /// A record that Rust can't read.
    RECORD = "BPF0083",
}

impl Code {
    /// What went wrong, in a few words: the title of its page.
    pub fn title(self) -> &'static str {
        let title = self.page.lines().next().unwrap_or_default();
        title.split_once(": ").map_or(title, |(_, title)| title)
    }

    /// Cause, example and fix, as Markdown.
    pub fn page(self) -> &'static str {
        self.page
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}

/// No failure has that code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown(String);

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "there is no code `{}`: `explain` without one lists them",
            self.0
        )
    }
}

impl std::error::Error for Unknown {}

impl FromStr for Code {
    type Err = Unknown;

    /// Takes `BPF0007`, and what is easier to type: `bpf7`, `7`.
    fn from_str(text: &str) -> Result<Self, Unknown> {
        let upper = text.to_ascii_uppercase();
        let digits = upper.strip_prefix("BPF").unwrap_or(&upper);
        let number = digits.parse::<u16>();
        let name = number.map(|number| format!("BPF{number:04}"));
        let found = Self::ALL
            .iter()
            .find(|code| Ok(code.name) == name.as_deref());
        found.copied().ok_or_else(|| Unknown(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn code_is_found_however_it_is_typed() {
        for text in ["BPF0001", "bpf1", "1", "0001"] {
            assert_eq!(text.parse(), Ok(Code::NULL_CHECK), "{text}");
        }
        for text in ["", "BPF", "BPF9999", "-1", "E0001", "BPFBPF1"] {
            assert_eq!(text.parse::<Code>(), Err(Unknown(text.to_owned())));
        }
    }

    #[test]
    fn codes_are_in_order_and_each_file_is_a_page() {
        let names: Vec<_> = Code::ALL.iter().map(|code| code.name.to_owned()).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pages");
        let files: BTreeSet<_> = fs::read_dir(folder)
            .expect("the pages")
            .map(|entry| entry.expect("a file").file_name())
            .map(|name| name.to_string_lossy().trim_end_matches(".md").to_owned())
            .collect();
        assert_eq!(files, names.into_iter().collect());
    }

    /// Cause, example and fix, under the title with the code.
    #[test]
    fn each_page_has_what_a_reader_expects() {
        for code in Code::ALL {
            let page = code.page();
            assert!(page.starts_with(&format!("# {code}: ")), "{code}");
            assert!(!code.title().ends_with('.'), "{code}: {}", code.title());
            for part in ["\n## Cause\n", "\n## Example\n", "\n## Fix\n"] {
                assert_eq!(page.matches(part).count(), 1, "{code} lacks {part:?}");
            }
            let longest = page.lines().map(str::len).max();
            assert!(longest <= Some(100), "{code}: a line is too long");
        }
    }
}

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use miniz_oxide::inflate::decompress_to_vec;

/// The pages, as the build script packs them.
const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/pages.deflate"));

/// The code of an explained failure. Codes never change their meaning and are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Code {
    name: &'static str,
}

/// Defines the codes: each has a constant and a file in `pages/`.
macro_rules! codes {
    ($($(#[$doc:meta])* $constant:ident = $name:literal,)*) => {
        impl Code {
            $(
                $(#[$doc])*
                pub const $constant: Self = Self { name: $name };
            )*

            /// All codes, in numerical order.
            pub const ALL: &[Self] = &[$(Self::$constant),*];
        }
    };
}

// 1 to 39 loading, 40 to 59 attaching, 60 to 69 opening, 70 to 89 building, 90 on the machine
codes! {
    /// The result of a map lookup is used without a NULL check.
    NULL_CHECK = "BPF0001",
    /// A loop without a bound that the verifier can see.
    ENDLESS_LOOP = "BPF0002",
    /// The verifier gives up after a million instructions.
    TOO_LARGE = "BPF0003",
    /// An access may reach beyond a map's value.
    OUT_OF_BOUNDS = "BPF0004",
    /// The program uses more than 512 bytes of stack.
    STACK_TOO_LARGE = "BPF0005",
    /// Stack or a register is read before it is written.
    UNINITIALIZED = "BPF0006",
    /// An access at an offset without a bound.
    UNBOUNDED = "BPF0007",
    /// A ring buffer record is neither submitted nor discarded.
    NOT_SUBMITTED = "BPF0008",
    /// A ring buffer record is used after it was submitted.
    USED_AFTER_SUBMIT = "BPF0009",
    /// The helper is unavailable to this program type, or on this kernel.
    HELPER = "BPF0010",
    /// The program's licence does not allow a helper.
    GPL_ONLY = "BPF0011",
    /// A write to read-only memory.
    READ_ONLY = "BPF0012",
    /// Arithmetic that the verifier does not allow on a pointer.
    POINTER_ARITHMETIC = "BPF0013",
    /// A kernel address would leak into a map.
    POINTER_LEAK = "BPF0014",
    /// A packet is read without a check against its end.
    PACKET_BOUNDS = "BPF0015",
    /// The program type does not allow this return value.
    RETURN_VALUE = "BPF0016",
    /// The program may not call a kfunc.
    KERNEL_FUNCTION = "BPF0017",
    /// The running kernel lacks a field or type that CO-RE needs.
    CORE_FIELD = "BPF0018",
    /// The running kernel lacks an `extern` function.
    UNKNOWN_FUNCTION = "BPF0019",
    /// A map does not fit into memory, or exceeds the maximum size.
    MAP_TOO_LARGE = "BPF0020",
    /// Memory is read through a value that the verifier treats as a number.
    NUMBER_AS_POINTER = "BPF0021",
    /// A function is called with an argument of the wrong type.
    ARGUMENT = "BPF0022",
    /// A packet pointer is used after a call that may move the packet.
    STALE_PACKET = "BPF0023",
    /// A pointer is used after a call that has invalidated it.
    STALE_OBJECT = "BPF0024",
    /// A field is accessed that the context, or a kernel struct, does not offer.
    CONTEXT = "BPF0025",
    /// Something is not allowed inside a locked region.
    REGION = "BPF0026",
    /// A dynptr is not in the required state.
    DYNPTR = "BPF0027",
    /// An iterator is not in the required state.
    ITERATOR = "BPF0028",
    /// A kernel function gets a pointer of the wrong type, or one that is not trusted.
    TRUST = "BPF0029",
    /// A timer, lock, kptr or list is accessed as if it were data.
    SPECIAL_FIELD = "BPF0030",
    /// An instruction that the kernel does not know or allow.
    INSTRUCTION = "BPF0031",
    /// Code that cannot be reached, or runs past its end.
    CONTROL_FLOW = "BPF0032",
    /// An argument must be a constant, or must not be zero.
    CONSTANT = "BPF0033",
    /// An access is not aligned.
    ALIGNMENT = "BPF0034",
    /// A global function is not called as its arguments declare.
    GLOBAL_FUNCTION = "BPF0035",
    /// A function that may sleep is called where nothing may sleep.
    SLEEPABLE = "BPF0036",
    /// A map is used by a function for another type of map.
    WRONG_MAP = "BPF0037",
    /// Functions call each other too deeply, or recursively.
    CALL_DEPTH = "BPF0038",
    /// The verifier rejects the program for another reason.
    REJECTED = "BPF0039",
    /// A tracepoint does not exist.
    NO_TRACEPOINT = "BPF0040",
    /// A kernel function does not exist.
    NO_FUNCTION = "BPF0041",
    /// A hook for LSM, iterator or struct_ops programs does not exist.
    NO_HOOK = "BPF0042",
    /// A program or library has no such function or probe.
    NO_SYMBOL = "BPF0043",
    /// A program or library does not exist, or is not an ELF file.
    NO_BINARY = "BPF0044",
    /// A capability is missing.
    MISSING_CAPABILITY = "BPF0045",
    /// A setting restricts perf events.
    PERF_PARANOID = "BPF0046",
    /// The kernel is locked down.
    LOCKED_DOWN = "BPF0047",
    /// Another program occupies the hook.
    TAKEN = "BPF0048",
    /// The kernel does not support this kind of hook.
    NO_SUPPORT = "BPF0049",
    /// A network driver does not support XDP.
    XDP_DRIVER = "BPF0050",
    /// The kernel does not support kprobes or uprobes.
    NO_PROBES = "BPF0051",
    /// A kernel function may not be traced.
    NOT_TRACEABLE = "BPF0052",
    /// tracefs is not mounted, or not readable.
    NO_TRACEFS = "BPF0053",
    /// A network interface does not exist.
    NO_INTERFACE = "BPF0054",
    /// A cgroup does not exist.
    NO_CGROUP = "BPF0055",
    /// The BPF LSM is not active.
    LSM_OFF = "BPF0056",
    /// The kernel provides no BTF.
    NO_BTF = "BPF0060",
    /// The BTF belongs to another kernel.
    FOREIGN_BTF = "BPF0061",
    /// A BTF file is not valid BTF.
    NOT_BTF = "BPF0062",
    /// A file is not a BPF object.
    NO_OBJECT = "BPF0063",
    /// A BPF object has the other byte order.
    BYTE_ORDER = "BPF0064",
    /// A BPF object has no BTF.
    NO_OBJECT_BTF = "BPF0065",
    /// Maps are defined in the legacy format.
    LEGACY_MAPS = "BPF0066",
    /// A map is not defined as its type requires.
    MAP_DEFINITION = "BPF0067",
    /// A section, or what is in it, is not what libbpf expects.
    SECTION = "BPF0068",
    /// A Kconfig option is not in the kernel's configuration.
    KCONFIG = "BPF0069",
    /// A type that no header declares.
    UNKNOWN_TYPE = "BPF0070",
    /// vmlinux.h is combined with a header that declares the same types.
    MIXED_HEADERS = "BPF0071",
    /// A helper that no header declares.
    UNDECLARED_HELPER = "BPF0072",
    /// A constant that is a macro: vmlinux.h has no macros.
    MISSING_CONSTANT = "BPF0073",
    /// A C library function is used.
    C_LIBRARY = "BPF0074",
    /// memcpy or a similar function that the compiler does not inline.
    BUILTIN_CALL = "BPF0075",
    /// Floating point, or integers of more than 64 bits.
    WIDE_NUMBER = "BPF0076",
    /// The compiler finds more than 512 bytes of stack in use.
    STACK_AT_BUILD = "BPF0077",
    /// More than five arguments, variable arguments, or a struct by value.
    ARGUMENTS = "BPF0078",
    /// A loop that the compiler could not unroll as requested.
    NOT_UNROLLED = "BPF0079",
    /// A division of signed numbers.
    SIGNED_DIVISION = "BPF0080",
    /// An array whose size is known only at run time.
    DYNAMIC_STACK = "BPF0081",
    /// A function without a body.
    MISSING_BODY = "BPF0082",
    /// A record that Rust cannot read.
    RECORD = "BPF0083",
}

impl Code {
    /// The failure in a few words: the title of its page.
    pub fn title(self) -> &'static str {
        let title = self.page().lines().next().unwrap_or_default();
        title.split_once(": ").map_or(title, |(_, title)| title)
    }

    /// All codes with their titles, a line each.
    pub fn list() -> String {
        let lines = Self::ALL
            .iter()
            .map(|code| format!("{code}  {}\n", code.title()));
        lines.collect()
    }

    /// Cause, example and fix, as Markdown.
    pub fn page(self) -> &'static str {
        let mut pages = pages().split('\0');
        let is_it = |page: &&str| {
            let title = page.strip_prefix("# ");
            title.is_some_and(|title| title.starts_with(self.name))
        };
        pages.find(is_it).unwrap_or_default()
    }
}

/// All pages. The build script has packed them, so that neither step fails.
fn pages() -> &'static str {
    static PAGES: OnceLock<String> = OnceLock::new();
    PAGES.get_or_init(|| {
        let pages = decompress_to_vec(PACKED).unwrap_or_default();
        String::from_utf8(pages).unwrap_or_default()
    })
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}

/// Error for a code that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown(String);

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "there is no code `{}`: `explain` without a code lists them",
            self.0
        )
    }
}

impl std::error::Error for Unknown {}

impl FromStr for Code {
    type Err = Unknown;

    /// Accepts `BPF0007` and shorter forms: `bpf7`, `7`.
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

    /// A page has a title with its code, then cause, example and fix.
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

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

    /// Cause, example and mend, as Markdown.
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
        write!(f, "there is no code `{}`: see `bpfapps explain`", self.0)
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

    /// Cause, example and mend, under the title with the code.
    #[test]
    fn each_page_has_what_a_reader_expects() {
        for code in Code::ALL {
            let page = code.page();
            assert!(page.starts_with(&format!("# {code}: ")), "{code}");
            assert!(!code.title().ends_with('.'), "{code}: {}", code.title());
            for part in ["\n## Cause\n", "\n## Example\n", "\n## Mend\n"] {
                assert_eq!(page.matches(part).count(), 1, "{code} lacks {part:?}");
            }
            let longest = page.lines().map(str::len).max();
            assert!(longest <= Some(100), "{code}: a line is too long");
        }
    }
}

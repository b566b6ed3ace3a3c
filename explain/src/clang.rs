//! Explains clang's diagnostics about BPF code, in the differing wordings of clang 11 to 22.

use crate::Code;

/// Common types that are undeclared without `vmlinux.h`.
const KNOWN_TYPES: [&str; 12] = [
    "bool", "u8", "u16", "u32", "u64", "s32", "s64", "pid_t", "size_t", "uint8_t", "uint32_t",
    "uint64_t",
];

/// Prefixes of the macros and functions in libbpf's headers, in lower case.
const LIBBPF: [&str; 6] = ["bpf_", "pt_regs_", "sec", "__uint", "__type", "bpfapps_"];

/// Functions that the compiler calls on its own if it does not inline them.
const MEMORY: [&str; 4] = ["memcpy", "memset", "memmove", "memcmp"];

/// Explains the first known diagnostic: its code and a hint.
pub fn explain_clang(diagnostics: &str) -> Option<(Code, String)> {
    let mixed = diagnostics.contains("vmlinux.h:");
    let mut lines = diagnostics.lines();
    lines.find_map(|line| diagnostic(line, mixed).map(|(code, hint)| (code, hint.to_owned())))
}

/// `mixed`: true if the surrounding diagnostics mention `vmlinux.h`.
fn diagnostic(line: &str, mixed: bool) -> Option<(Code, &'static str)> {
    let said = line.to_ascii_lowercase();
    let says = |text: &str| said.contains(text);
    let name = quoted(line).unwrap_or_default();
    if says("unsupport") && says("signed division") {
        let hint = "divide unsigned numbers: cast both to __u32 or __u64";
        return Some((Code::SIGNED_DIVISION, hint));
    }
    if says("warning: loop not unrolled") {
        let hint = "give the loop a constant bound, or use bpf_loop (Linux 5.17)";
        return Some((Code::NOT_UNROLLED, hint));
    }
    // only errors from here on
    let (_, error) = said.split_once("error: ")?;
    let says = |text: &str| error.contains(text);

    if says("'sys/sdt.h' file not found") {
        let hint = "include it in the program with the probe; the package is systemtap-sdt-dev \
                    (Debian), systemtap-sdt-devel (Fedora, openSUSE) or systemtap (Arch)";
        return Some((Code::C_LIBRARY, hint));
    }
    if says("unknown type name") || says("incomplete type 'struct") || says("incomplete definition")
    {
        let hint = "include \"vmlinux.h\" before all other headers: it has the kernel's types";
        return Some((Code::UNKNOWN_TYPE, hint));
    }
    if says("conflicting types for") {
        let hint = "remove your declaration: vmlinux.h has one; or `#define BPF_NO_KFUNC_PROTOTYPES` \
                    before you include it";
        return mixed.then_some((Code::MIXED_HEADERS, hint));
    }
    if says("redefinition of") || says("typedef redefinition") {
        let hint = "remove the other header: vmlinux.h has its types, and its macros can be \
                    defined by hand";
        return mixed.then_some((Code::MIXED_HEADERS, hint));
    }
    let undeclared =
        says("implicit declaration of function") || says("call to undeclared function");
    let library = says("implicitly declaring library") || says("undeclared library function");
    if library || says("gnu/stubs") {
        let hint = "there is no C library in the kernel: use bpf_printk, the bpf_* helpers or \
                    __builtin_* functions";
        return Some((Code::C_LIBRARY, hint));
    }
    if undeclared || says("use of undeclared identifier") {
        return identifier(name, undeclared);
    }
    if says("call to built-in function") || says("call to global function") {
        return Some(call(name));
    }
    if says("bpf stack limit") {
        let hint = "write into a reserved ring buffer record, or into a per-CPU array map";
        return Some((Code::STACK_AT_BUILD, hint));
    }
    if says("dynamic stack allocation") {
        let hint = "give the array a constant size: the largest that you need";
        return Some((Code::DYNAMIC_STACK, hint));
    }
    arguments(error)
}

/// Explains an undeclared name.
fn identifier(name: &str, is_called: bool) -> Option<(Code, &'static str)> {
    let lower = name.to_ascii_lowercase();
    let is_macro = lower != name || name.starts_with("bpf_core_") || name.starts_with("bpfapps_");
    if lower.starts_with("bpf_") && !is_macro {
        let hint = "include the header that declares it (<bpf/bpf_helpers.h>, \
                    <bpf/bpf_core_read.h>, <bpf/bpf_tracing.h>, <bpf/bpf_endian.h>), or fix the \
                    spelling; declare a kfunc that vmlinux.h lacks: `extern struct task_struct \
                    *bpf_task_from_pid(s32 pid) __ksym;`";
        return Some((Code::UNDECLARED_HELPER, hint));
    }
    if LIBBPF.iter().any(|begin| lower.starts_with(begin)) {
        let hint = "include the header that declares it (<bpf/bpf_helpers.h>, \
                    <bpf/bpf_core_read.h>, <bpf/bpf_tracing.h>, <bpf/bpf_endian.h>), or fix the \
                    spelling";
        return Some((Code::UNDECLARED_HELPER, hint));
    }
    if KNOWN_TYPES.contains(&name) {
        let hint = "include \"vmlinux.h\" before all other headers: it has the kernel's types";
        return Some((Code::UNKNOWN_TYPE, hint));
    }
    let is_constant = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if !is_called && name.len() > 1 && name.chars().all(is_constant) {
        let hint = "vmlinux.h has no macros: #define it with the value from the kernel's header";
        return Some((Code::MISSING_CONSTANT, hint));
    }
    let hint = "there is no C library in the kernel: use bpf_printk, the bpf_* helpers or \
                __builtin_* functions";
    let libc = [
        "htons", "ntohs", "htonl", "ntohl", "errno", "stdout", "stderr",
    ];
    libc.contains(&name).then_some((Code::C_LIBRARY, hint))
}

/// Explains a compiler-generated call to a function that does not exist.
fn call(name: &str) -> (Code, &'static str) {
    if MEMORY.contains(&name) {
        let hint = "copy or clear a constant size of at most a few hundred bytes; for a variable \
                    size use bpf_probe_read_kernel";
        return (Code::BUILTIN_CALL, hint);
    }
    if name.starts_with("__") {
        let hint = "use integers of at most 64 bits, with a smaller unit instead of fractions";
        return (Code::WIDE_NUMBER, hint);
    }
    let hint = "there is no C library in the kernel: use bpf_printk, the bpf_* helpers or \
                __builtin_* functions";
    (Code::C_LIBRARY, hint)
}

/// Explains arguments and return values that BPF does not support. `too many arguments to function
/// call` is an ordinary C error.
fn arguments(error: &str) -> Option<(Code, &'static str)> {
    let wrong = [
        "too many args",
        "stack arg",
        "pass by value",
        "aggregate return",
        "vararg",
        "variadic functions are not supported",
    ];
    let many = error.contains("too many arguments")
        && !error.contains("function call")
        && !error.contains("provided to");
    let hint = "pass at most five arguments, and structs by pointer; or make the function static \
                __always_inline";
    (many || wrong.iter().any(|wrong| error.contains(wrong))).then_some((Code::ARGUMENTS, hint))
}

/// The text between the first pair of quotes.
fn quoted(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once('\'')?;
    rest.split_once('\'').map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wordings of several clang versions.
    #[test]
    fn what_clang_says_is_known() {
        for (line, code) in [
            (
                "a.c:1:2: error: unknown type name '__u64'",
                Code::UNKNOWN_TYPE,
            ),
            (
                "a.c:1:2: error: incomplete definition of type 'struct task_struct'",
                Code::UNKNOWN_TYPE,
            ),
            (
                "a.c:1:2: error: use of undeclared identifier 'u64'",
                Code::UNKNOWN_TYPE,
            ),
            (
                "a.c:1:2: error: implicit declaration of function 'bpf_x' is invalid in C99 \
                 [-Werror,-Wimplicit-function-declaration]",
                Code::UNDECLARED_HELPER,
            ),
            (
                "a.c:1:2: error: call to undeclared function 'bpf_x'; ISO C99 and later do not \
                 support implicit function declarations",
                Code::UNDECLARED_HELPER,
            ),
            (
                "a.c:1:2: error: use of undeclared identifier 'ETH_P_IP'",
                Code::MISSING_CONSTANT,
            ),
            (
                "a.c:1:2: error: call to undeclared library function 'printf' with type 'int \
                 (const char *, ...)'; ISO C99",
                Code::C_LIBRARY,
            ),
            (
                "/usr/x.h:7:11: fatal error: 'gnu/stubs-32.h' file not found",
                Code::C_LIBRARY,
            ),
            (
                "a.c:1:10: fatal error: 'sys/sdt.h' file not found",
                Code::C_LIBRARY,
            ),
            (
                "a.c:1:2: error: A call to built-in function 'memcpy' is not supported.",
                Code::BUILTIN_CALL,
            ),
            (
                "a.c:1:2: error: a call to built-in function '__muldf3' is not supported.",
                Code::WIDE_NUMBER,
            ),
            (
                "a.c:1:2: error: Looks like the BPF stack limit is exceeded. Please move large on \
                 stack variables into BPF per-cpu array map.",
                Code::STACK_AT_BUILD,
            ),
            (
                "a.c:1:2: error: too many args to 0x1: i64 = GlobalAddress",
                Code::ARGUMENTS,
            ),
            ("a.c:1:2: error: too many arguments", Code::ARGUMENTS),
            (
                "a.c:1:2: error: defined with too many args",
                Code::ARGUMENTS,
            ),
            (
                "a.c:1:2: error: variadic functions are not supported",
                Code::ARGUMENTS,
            ),
            (
                "a.c:1:2: error: aggregate returns are not supported",
                Code::ARGUMENTS,
            ),
            (
                "a.c:1:2: error: unsupported signed division, please convert to unsigned div/mod.",
                Code::SIGNED_DIVISION,
            ),
            (
                "fatal error: error in backend: Unsupported dynamic stack allocation",
                Code::DYNAMIC_STACK,
            ),
        ] {
            let explained = explain_clang(&format!("1 note\n{line}\n 1 | x\n"));
            assert_eq!(explained.map(|(code, _)| code), Some(code), "{line}");
        }
    }

    #[test]
    fn a_type_declared_twice_is_explained_where_vmlinux_h_is_one_of_both() {
        let error = "/usr/include/linux/ip.h:87:8: error: redefinition of 'iphdr'\n";
        let other = "vmlinux.h:60342:8: note: previous definition is here\n";
        let explained = explain_clang(&format!("{error}{other}"));
        assert_eq!(explained.map(|(code, _)| code), Some(Code::MIXED_HEADERS));
        assert_eq!(explain_clang(error), None);
    }

    #[test]
    fn a_function_that_may_be_a_kfunc_is_shown_how_to_declare_it() {
        let hint = |name: &str| {
            let line = format!("a.c:1:2: error: call to undeclared function '{name}'; ISO C99");
            explain_clang(&line)
                .map(|(_, hint)| hint)
                .unwrap_or_default()
        };
        let prototype = "`extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;`";
        assert!(hint("bpf_task_from_pid").ends_with(prototype));
        for macros in ["BPF_CORE_READ", "bpf_core_cast", "bpfapps_reserve"] {
            assert!(hint(macros).ends_with("or fix the spelling"), "{macros}");
        }
    }

    #[test]
    fn a_kfunc_declared_differently_is_explained() {
        let error = "a.c:3:1: error: conflicting types for 'bpf_task_from_pid'\n";
        let note = "vmlinux.h:9:28: note: previous declaration is here\n";
        let (code, hint) = explain_clang(&format!("{error}{note}")).expect("an explanation");
        assert_eq!(code, Code::MIXED_HEADERS);
        assert!(hint.starts_with("remove your declaration"), "{hint}");
        assert_eq!(explain_clang(error), None);
    }

    /// Ordinary C errors: clang's own message is enough.
    #[test]
    fn what_has_nothing_to_do_with_bpf_is_left_to_clang() {
        for line in [
            "a.c:1:2: error: use of undeclared identifier 'pit'; did you mean 'pid'?",
            "a.c:1:2: error: too many arguments to function call, expected 2, have 3",
            "a.c:1:2: error: too many arguments provided to function-like macro invocation",
            "a.c:1:2: error: expected ';' after expression",
            "a.c:1:2: warning: unused variable 'x' [-Wunused-variable]",
        ] {
            assert_eq!(explain_clang(line), None, "{line}");
        }
    }
}

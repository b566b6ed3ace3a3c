//! Each mistake in BPF code that the build explains: clang's own words, then what fixes it.

mod probe;

use std::collections::BTreeSet;

use bpfapps_explain::Code;

use probe::{Probe, refused, run};

/// The start of each source except the first ones.
const BEGIN: &str = "#include \"vmlinux.h\"\n#include <bpf/bpf_helpers.h>\n";

const END: &str = "\nchar LICENSE[] SEC(\"license\") = \"Dual BSD/GPL\";\n";

/// The code, a part of the message, and the source: without an `#include` it starts with `BEGIN`.
const MISTAKES: &[(Code, &str, &str)] = &[
    (
        Code::UNKNOWN_TYPE,
        "error: unknown type name '__u64'",
        "#include <bpf/bpf_helpers.h>",
    ),
    (
        Code::MIXED_HEADERS,
        "previous definition is here",
        "#include \"vmlinux.h\"\n#include <linux/ip.h>\n#include <bpf/bpf_helpers.h>",
    ),
    (
        Code::UNDECLARED_HELPER,
        "function 'bpf_get_curent_task'",
        "int f(void *ctx) { return bpf_get_curent_task(); }",
    ),
    (
        Code::MISSING_CONSTANT,
        "error: use of undeclared identifier 'ETH_P_IP'",
        "int f(void *ctx) { return ETH_P_IP; }",
    ),
    (
        Code::C_LIBRARY,
        "function 'printf'",
        "int f(void *ctx) { printf(\"here\"); return 0; }",
    ),
    (
        Code::C_LIBRARY,
        "'gnu/stubs-32.h' file not found",
        "#include \"vmlinux.h\"\n#include <stdio.h>\n#include <bpf/bpf_helpers.h>",
    ),
    (
        Code::BUILTIN_CALL,
        "built-in function 'memcpy' is not supported",
        "int length; char from[99], to[99];\n\
         int f(void *ctx) { __builtin_memcpy(to, from, length); return 0; }",
    ),
    (
        Code::WIDE_NUMBER,
        "built-in function '__muldf3' is not supported",
        "double used;\nint f(void *ctx) { used *= 1.5; return 0; }",
    ),
    (
        Code::STACK_AT_BUILD,
        "BPF stack limit",
        "int f(void *ctx) { char name[600] = {}; bpf_get_current_comm(name, 600); \
         return bpf_printk(\"%s\", name); }",
    ),
    (
        Code::ARGUMENTS,
        "error: ",
        "struct big { __u64 a[4]; };\n\
         __noinline struct big f(int x) { struct big b = {}; b.a[1] = x; return b; }",
    ),
    (
        Code::SIGNED_DIVISION,
        "signed division",
        "int used, count;\nint f(void *ctx) { return used / count; }",
    ),
    (
        Code::DYNAMIC_STACK,
        "dynamic stack allocation",
        "int length;\nint f(void *ctx) { char name[length]; bpf_get_current_comm(name, length); \
         return name[0]; }",
    ),
    (
        Code::MISSING_BODY,
        "level is used, but nowhere defined",
        "int level(int pid);\nSEC(\"raw_tp/sys_enter\") int f(void *ctx) { return level(0); }",
    ),
    (
        Code::MISSING_BODY,
        "level is used, but nowhere defined",
        "inline int level(int pid) { return pid * bpf_get_prandom_u32(); }\n\
         SEC(\"raw_tp/sys_enter\") int f(void *ctx) { int (*volatile at)(int) = level; \
         return at(0); }",
    ),
    (
        Code::RECORD,
        "seen.b at offset 0 is a bool",
        "#include \"vmlinux.h\"\n#include <bpf/bpf_helpers.h>\n#include <bpfapps/record.h>\n\
         struct seen { bool b; };\nBPFAPPS_RECORD(seen);",
    ),
];

/// A message that does not stop the build.
const WARNING: (Code, &str, &str) = (
    Code::NOT_UNROLLED,
    "loop not unrolled",
    "int length;\nSEC(\"raw_tp/sys_enter\") int f(void *ctx) { int sum = 0;\n\
     #pragma unroll\n\
     for (int i = 0; i < length; i++) sum += bpf_get_prandom_u32(); return sum; }",
);

fn source(text: &str) -> String {
    let begin = if text.contains("#include") { "" } else { BEGIN };
    format!("{begin}{text}{END}")
}

/// Fails unless clang's message comes first, then the hint and the reference.
fn expect(said: &str, code: Code, words: &str) {
    let more = format!("cargo xtask explain {code}");
    let (before, _) = said
        .split_once(&more)
        .unwrap_or_else(|| panic!("no {more}: {said}"));
    assert!(before.contains(words), "{code}: no `{words}`: {said}");
    assert!(!said.contains("PLEASE submit"), "{code}: {said}");
}

#[test]
fn each_mistake_is_explained_below_what_clang_says() {
    let probe = Probe::new("explained", "");
    for (code, words, text) in MISTAKES {
        probe.write("src/bpf/probe.bpf.c", &source(text));
        expect(&refused(&mut probe.cargo_build()), *code, words);
    }
    let (code, words, text) = WARNING;
    probe.write("src/bpf/probe.bpf.c", &source(text));
    let (success, said) = run(&mut probe.cargo_build());
    assert!(success, "{said}");
    expect(&said, code, words);
}

#[test]
fn nearest_members_of_a_struct_are_named() {
    let probe = Probe::new("members", "");
    for (text, expected) in [
        (
            "int f(struct task_struct *task) { return task->state; }",
            "hint: `struct task_struct` has no member `state`: did you mean __state",
        ),
        (
            "#include \"vmlinux.h\"\n#include <bpf/bpf_helpers.h>\n#include <bpf/bpf_core_read.h>\n\
             int f(struct task_struct *task) { return BPF_CORE_READ(task, mm, stack_limit) > 1; }",
            "hint: `struct mm_struct` has no member `stack_limit`: did you mean stack_vm",
        ),
        (
            "struct seen { int filename; };\nint f(struct seen *seen) { return seen->file; }",
            "hint: `struct seen` has no member `file`: did you mean filename?",
        ),
    ] {
        probe.write("src/bpf/probe.bpf.c", &source(text));
        let said = refused(&mut probe.cargo_build());
        assert!(said.contains(expected), "no {expected}: {said}");
    }
}

#[test]
fn what_the_kernel_has_is_not_missing() {
    let text = "extern int LINUX_KERNEL_VERSION __kconfig;\n\
                extern struct task_struct *bpf_task_from_pid(int pid) __ksym __weak;\n\
                SEC(\"raw_tp/sys_enter\") int f(void *ctx) {\n\
                return bpf_task_from_pid ? !!bpf_task_from_pid(1) : LINUX_KERNEL_VERSION; }";
    let probe = Probe::new("externs", "");
    probe.write("src/bpf/probe.bpf.c", &source(text));
    let (success, said) = run(&mut probe.cargo_build());
    assert!(success, "{said}");
}

#[test]
fn each_code_of_building_has_a_mistake_that_provokes_it() {
    let provoked = MISTAKES.iter().chain([&WARNING]);
    let provoked: BTreeSet<_> = provoked.map(|(code, ..)| code.to_string()).collect();
    let all = Code::ALL.iter().map(ToString::to_string);
    let building: BTreeSet<_> = all
        .filter(|code| ("BPF0070".."BPF0090").contains(&code.as_str()))
        .collect();
    assert_eq!(provoked, building);
}

//! Kernel functions that BPF code may call: their prototypes in vmlinux.h.

mod probe;

use std::fs;
use std::path::Path;
use std::process::Command;

use bpfapps_build::vmlinux::header;
use probe::{Probe, refused, run};

/// Functions as in a kernel: one is not a kfunc, and one has the tag at a parameter only.
const KERNEL: &str = r#"
#define KFUNC __attribute__((btf_decl_tag("bpf_kfunc")))
struct task { int pid; };
KFUNC struct task *bpf_own_task(int pid, const char *name__str) { return (void *)(long)(pid + *name__str); }
KFUNC void bpf_own_release(struct task *task) { task->pid = 0; }
KFUNC int bpf_own_each(int (*call)(void *ctx), void *ctx) { return call(ctx); }
int not_for_bpf(int pid) { return pid; }
int tagged_inside(int pid KFUNC) { return pid; }
"#;

fn clang(folder: &Path, name: &str, text: &str) {
    let source = folder.join(name).with_extension("c");
    fs::write(&source, text).expect("a source");
    let status = Command::new("clang")
        .args(["-g", "-O2", "-target", "bpf", "-Wall", "-Werror", "-c"])
        .args(["-Wno-missing-declarations", "-o"])
        .arg(folder.join(name))
        .arg(source)
        .status();
    assert!(status.expect("clang runs").success(), "{text}");
}

#[test]
fn kfuncs_are_declared_and_no_other_function() {
    let folder = tempfile::tempdir().expect("a folder");
    let dump = |name: &str, text: &str| {
        clang(folder.path(), name, text);
        let header = header(&folder.path().join(name), "x").expect("a header");
        String::from_utf8(header).expect("text")
    };
    let text = dump("kernel", KERNEL);
    let declared: Vec<_> = text.lines().filter(|it| it.contains("extern")).collect();
    let expected = [
        "extern int bpf_own_each(int (*call)(void *), void *ctx) __weak __ksym;",
        "extern void bpf_own_release(struct task *task) __weak __ksym;",
        "extern struct task *bpf_own_task(int pid, const char *name__str) __weak __ksym;",
    ];
    assert_eq!(declared, expected);
    // as on Linux before 6.10
    let text = dump("older", &KERNEL.replace("\"bpf_kfunc", "\"other"));
    assert!(text.contains("struct task {"), "{text}");
    assert!(!text.contains("ksym") && !text.contains("KFUNC_"), "{text}");
}

#[test]
fn declared_kfuncs_compile_also_where_they_are_declared_again() {
    let folder = tempfile::tempdir().expect("a folder");
    clang(folder.path(), "kernel", KERNEL);
    let header = header(&folder.path().join("kernel"), "x").expect("a header");
    fs::write(folder.path().join("vmlinux.h"), header).expect("a header");
    let release = "bpf_own_release(bpf_own_task(1, \"\")); }";
    let again = "#define __ksym __attribute__((section(\".ksyms\")))\n\
                 extern struct task *bpf_own_task(int, const char *) __ksym;\n";
    let other = "void bpf_own_release(long task);\nstruct task *bpf_own_task(int, char *);\n";
    for (before, after, call) in [
        ("", "", release),
        ("", again, release),
        (
            "#define BPF_NO_KFUNC_PROTOTYPES\n",
            other,
            "bpf_own_release(1); }",
        ),
    ] {
        let text = format!("{before}#include \"vmlinux.h\"\n{after}void f(void) {{ {call}\n");
        clang(folder.path(), "program", &text);
    }
}

/// The headers of all architectures that are in the tree.
#[test]
fn shipped_headers_declare_kfuncs() {
    let headers = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/vmlinux");
    for arch in fs::read_dir(headers).expect("headers") {
        let path = arch.expect("a folder").path().join("vmlinux.h");
        let text = fs::read_to_string(&path).expect("a header");
        let prototype = "extern struct task_struct *bpf_task_from_pid(s32 pid) __weak __ksym;\n";
        assert!(text.contains(prototype), "{}", path.display());
    }
}

#[test]
fn program_calls_a_kfunc_that_vmlinux_h_declares() {
    let call = "#include \"vmlinux.h\"\n#include <bpf/bpf_helpers.h>\nOWN\n\
                SEC(\"tp_btf/sched_process_exit\") int f(void *ctx) {\n\
                struct task_struct *task = bpf_task_from_pid(1);\n\
                if (task) bpf_task_release(task);\nreturn 0; }\n\
                char LICENSE[] SEC(\"license\") = \"GPL\";\n";
    let probe = Probe::new("kfuncs", "");
    probe.write("src/bpf/probe.bpf.c", &call.replace("OWN", ""));
    let (success, said) = run(&mut probe.cargo_build());
    assert!(success, "{said}");

    let own = "extern struct task_struct *bpf_task_from_pid(const char *name) __ksym;";
    probe.write("src/bpf/probe.bpf.c", &call.replace("OWN", own));
    let said = refused(&mut probe.cargo_build());
    let hint = "hint: remove your declaration";
    assert!(said.contains(hint), "{said}");
}

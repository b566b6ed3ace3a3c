//! Object files of no app. Defects are patched into a good one, because virtual machines have no
//! clang.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use bpfapps_core::Embedded;
use bpfapps_testkit::sandbox;
use bpfapps_testkit::sandbox::Call;
use bpfapps_testkit::{Test, cli, needs, test};
use nix::errno::Errno;
use nix::libc;
use tempfile::TempDir;

use bpfapps_bootstrap as _;
use bpfapps_minimal as _;

use crate::report::Report;

pub(crate) const TESTS: &[Test] = &[
    test!(own_object_is_fine_as_a_file),
    test!(tracepoint_that_is_not_there_has_near_names),
    test!(kernel_without_kprobes_is_named),
    test!(helper_that_is_not_there_is_named),
    test!(helper_of_other_programs_is_not_missing),
    test!(section_that_is_misspelt_has_near_names),
    test!(symbol_that_is_not_there_is_named),
    test!(field_that_is_not_there_is_named),
    test!(refused_programs_are_a_failure),
    test!(programs_load_without_the_refused_ones),
];

/// A file with an object of ours, after `change`.
pub(crate) struct File {
    _folder: TempDir,
    path: PathBuf,
}

impl File {
    pub(crate) fn of(name: &str, change: impl Fn(Vec<u8>) -> Vec<u8>) -> Result<Self> {
        let object = Embedded::all().find(|object| object.name == name);
        let object = object.with_context(|| format!("no object {name}"))?;
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("it.bpf.o");
        std::fs::write(&path, change(object.object().bytes.to_vec()))?;
        Ok(Self {
            _folder: folder,
            path,
        })
    }

    pub(crate) fn name(&self) -> String {
        self.path.display().to_string()
    }

    pub(crate) fn doctor(&self) -> Command {
        cli(["doctor", "-o", "json", "--object", &self.name()])
    }
}

/// Replaces each `old` by `new`, which has the same length.
fn replaced(mut bytes: Vec<u8>, old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut at = 0;
    while at + old.len() <= bytes.len() {
        if bytes[at..].starts_with(old) {
            bytes[at..at + old.len()].copy_from_slice(new);
        }
        at += 1;
    }
    bytes
}

fn own_object_is_fine_as_a_file() -> Result<()> {
    let file = File::of("trace", |bytes| bytes)?;
    let report = Report::of(&mut file.doctor())?.expect_code(0)?;
    let program = ["handle_bpf_trace_printk"];
    report
        .check(&file.name(), "programs")?
        .expect("ok", &program)?;
    report
        .check(&file.name(), "maps")?
        .expect("ok", &["ringbuf"])?;
    report
        .check("machine", "capabilities")?
        .expect("ok", &["CAP_BPF and CAP_PERFMON"])?;
    ensure!(report.with("fail").is_empty(), "{report:#?}");
    Ok(())
}

fn tracepoint_that_is_not_there_has_near_names() -> Result<()> {
    let file = File::of("trace", |bytes| {
        replaced(
            bytes,
            b"raw_tp/bpf_trace_printk",
            b"raw_tp/bpf_trace_prnitk",
        )
    })?;
    let report = Report::of(&mut file.doctor())?.expect_code(1)?;
    let words = ["no raw_tp/bpf_trace_prnitk", "near it: bpf_trace_printk"];
    report
        .check(&file.name(), "hooks")?
        .expect("fail", &words)?;
    ensure!(
        report.stderr == [format!("error: this machine can not run {}", file.name())],
        "{report:#?}"
    );
    Ok(())
}

/// Simulates such a kernel: perf has a folder for each type of event.
fn kernel_without_kprobes_is_named() -> Result<()> {
    let file = File::of("trace", |bytes| {
        replaced(
            bytes,
            b"raw_tp/bpf_trace_printk",
            b"kprobe/get_random_bytes",
        )
    })?;
    let devices = "/sys/bus/event_source/devices/other";
    let report = Report::of(&mut sandbox::with_file(devices, "", &file.doctor())?)?;
    let words = [
        "this kernel has no kprobes",
        "as needed by kprobe/get_random_bytes",
        "none of them",
    ];
    report
        .check(&file.name(), "hooks")?
        .expect("fail", &words)?;
    report.expect_code(1)?;
    Ok(())
}

/// A call of `number`, with nothing said of registers.
fn call(number: u32) -> Vec<u8> {
    [&[0x85, 0, 0, 0][..], &number.to_ne_bytes()].concat()
}

fn helper_that_is_not_there_is_named() -> Result<()> {
    // bpf_get_smp_processor_id, and a helper that does not exist
    let file = File::of("trace", |bytes| replaced(bytes, &call(8), &call(4242)))?;
    let report = Report::of(&mut file.doctor())?.expect_code(1)?;
    let words = ["this kernel has no helper 4242"];
    report
        .check(&file.name(), "helpers")?
        .expect("fail", &words)?;
    report
        .check(&file.name(), "programs")?
        .expect("fail", &[])?;
    Ok(())
}

fn helper_of_other_programs_is_not_missing() -> Result<()> {
    // bpf_xdp_adjust_head
    let file = File::of("trace", |bytes| replaced(bytes, &call(8), &call(44)))?;
    let report = Report::of(&mut file.doctor())?.expect_code(1)?;
    let words = ["this kernel has bpf_xdp_adjust_head, but not for programs of this type"];
    report
        .check(&file.name(), "helpers")?
        .expect("fail", &words)?;
    Ok(())
}

fn section_that_is_misspelt_has_near_names() -> Result<()> {
    let file = File::of("trace", |bytes| {
        replaced(
            bytes,
            b"raw_tp/bpf_trace_printk",
            b"row_tp/bpf_trace_printk",
        )
    })?;
    let report = Report::of(&mut file.doctor())?.expect_code(1)?;
    let words = [
        "`row_tp/bpf_trace_printk`, which names no program type",
        "did you mean SEC(\"raw_tp/bpf_trace_printk\")?",
    ];
    report
        .check(&file.name(), "programs")?
        .expect("fail", &words)?;
    report
        .check(&file.name(), "program types")?
        .expect("ok", &[])?;
    Ok(())
}

fn symbol_that_is_not_there_is_named() -> Result<()> {
    needs::uprobes()?;
    let file = File::of("trace", |bytes| {
        replaced(
            bytes,
            b"raw_tp/bpf_trace_printk",
            b"uprobe//bin/sh:bpfapps_",
        )
    })?;
    let report = Report::of(&mut file.doctor())?.expect_code(1)?;
    let words = ["there is no uprobe//bin/sh:bpfapps_"];
    report
        .check(&file.name(), "hooks")?
        .expect("fail", &words)?;
    Ok(())
}

fn field_that_is_not_there_is_named() -> Result<()> {
    let file = File::of("bootstrap", |bytes| {
        replaced(bytes, b"\0real_parent\0", b"\0real_pirate\0")
    })?;
    let report = Report::of(&mut file.doctor())?.expect_code(1)?;
    let words = ["this kernel has no struct task_struct.real_pirate"];
    report
        .check(&file.name(), "kernel types")?
        .expect("fail", &words)?;
    Ok(())
}

fn refused_programs_are_a_failure() -> Result<()> {
    let load_program = Call {
        number: libc::SYS_bpf,
        argument: 0,
        value: 5,
    };
    let file = File::of("trace", |bytes| bytes)?;
    let command = sandbox::refusing(load_program, Errno::EINVAL, &file.doctor())?;
    let report = Report::of(&mut { command })?.expect_code(1)?;
    report
        .check(&file.name(), "programs")?
        .expect("fail", &[])?;
    Ok(())
}

/// The first load ends with one of them, the second with the other, the third with none.
fn programs_load_without_the_refused_ones() -> Result<()> {
    let file = File::of("bootstrap", |bytes| {
        let bytes = replaced(
            bytes,
            b"tp_btf/sched_process_exec\0",
            b"tp_btf/sched_process_exce\0",
        );
        replaced(
            bytes,
            b"tp_btf/sched_process_exit\0",
            b"tp_btf/sched_process_exti\0",
        )
    })?;
    let report = Report::of(&mut file.doctor())?.expect_code(1)?;
    let words = [
        "refuses all 4 together; one by one it accepts handle_exec_raw and handle_exit_raw",
        "failed to load handle_exec",
    ];
    report
        .check(&file.name(), "programs")?
        .expect("fail", &words)?;
    // a program that is refused for its hook is no sign of a missing helper or type
    for check in ["helpers", "kernel types"] {
        report.check(&file.name(), check)?.expect("ok", &[])?;
    }
    Ok(())
}

//! Hooks that are not there, not had, or taken.

use std::fs;

use anyhow::{Result, ensure};
use bpfapps_testkit::cgroup::Cgroup;
use bpfapps_testkit::needs;
use bpfapps_testkit::{Process, Test, own_path, sandbox, skip, test};

use crate::{run, says};

pub(crate) const TESTS: &[Test] = &[
    test!(missing_tracepoint_is_named),
    test!(missing_tracefs_is_named),
    test!(missing_raw_tracepoint_is_named),
    test!(missing_function_is_named),
    test!(missing_lsm_hook_and_iterator_are_named),
    test!(missing_symbol_is_named),
    test!(missing_binary_is_named),
    test!(kernel_without_kprobes_is_named),
    test!(function_that_may_not_be_probed_is_named),
    test!(kernel_without_kprobe_multi_is_named),
    test!(kernel_without_netfilter_programs_is_named),
    test!(kernel_that_takes_no_fentry_is_named),
    test!(missing_capability_is_named),
    test!(closed_perf_events_are_named),
    test!(holder_of_a_cgroup_is_named),
];

fn missing_tracepoint_is_named() -> Result<()> {
    says(
        &mut sandbox::with_tracefs(&run("app", &["no_tracepoint"])?)?,
        "BPF0040",
        "failed to attach no_tracepoint to the tracepoint sched/sched_process_exce: this kernel \
         has no such tracepoint: ",
        "did you mean sched/sched_process_exec",
    )?;
    let good = run("app", &["good_tracepoint"])?;
    Process::run(&mut sandbox::with_tracefs(&good)?)?.expect_code(0)?;
    Ok(())
}

fn missing_tracefs_is_named() -> Result<()> {
    says(
        &mut sandbox::without_tracefs(&run("app", &["good_tracepoint"])?)?,
        "BPF0053",
        "failed to attach good_tracepoint to the tracepoint sched/sched_process_exec: tracefs is \
         not mounted: ",
        "mount it: sudo mount -t tracefs tracefs /sys/kernel/tracing",
    )
}

fn missing_raw_tracepoint_is_named() -> Result<()> {
    says(
        &mut run("app", &["no_raw_tracepoint"])?,
        "BPF0040",
        "failed to attach no_raw_tracepoint to the raw tracepoint sched_swich: this kernel has no \
         such raw tracepoint: ",
        "did you mean sched_switch",
    )?;
    // libbpf searches for this one before the kernel sees the program
    says(
        &mut run("app", &["no_tp_btf"])?,
        "BPF0040",
        "failed to load no_tp_btf for the raw tracepoint sched/sched_switch: this kernel has no \
         such raw tracepoint: ",
        "it is called sched_switch: only tracefs has categories",
    )
}

fn missing_function_is_named() -> Result<()> {
    says(
        &mut run("app", &["no_kprobe"])?,
        "BPF0041",
        "failed to attach no_kprobe to the kernel function vfs_raed: this kernel has no such \
         function: ",
        "did you mean vfs_read",
    )?;
    says(
        &mut run("app", &["no_fentry"])?,
        "BPF0041",
        "failed to load no_fentry for the kernel function vfs_raed: ",
        "did you mean vfs_read",
    )?;
    says(
        &mut run("app", &["no_ksyscall"])?,
        "BPF0041",
        "failed to attach no_ksyscall to the system call opneat: ",
        "did you mean openat",
    )
}

fn missing_lsm_hook_and_iterator_are_named() -> Result<()> {
    says(
        &mut run("app", &["no_lsm"])?,
        "BPF0042",
        "failed to load no_lsm for the LSM hook socket_conect: this kernel has no such LSM hook: ",
        "did you mean socket_connect",
    )?;
    says(
        &mut run("app", &["no_iterator"])?,
        "BPF0042",
        "failed to load no_iterator for the iterator taks: this kernel has no such iterator: ",
        "did you mean task?",
    )
}

fn missing_symbol_is_named() -> Result<()> {
    needs::uprobes()?;
    let own = own_path()?;
    let mut command = run("uprobe", &[&own, "no_such_function_at_all"])?;
    says(
        &mut command,
        "BPF0043",
        &format!("failed to attach on_uprobe to no_such_function_at_all in {own}: it "),
        &format!("nm -D {own} shows the functions of a library"),
    )
}

fn missing_binary_is_named() -> Result<()> {
    says(
        &mut run("app", &["no_binary"])?,
        "BPF0044",
        "failed to attach no_binary to main in /no/such/library.so: there is no such program or \
         library: ",
        "ldd PROGRAM shows the libraries that it uses",
    )?;
    says(
        &mut run("uprobe", &["/proc/version", "main"])?,
        "BPF0044",
        "failed to attach on_uprobe to main in /proc/version: /proc/version is no ELF file: ",
        "a script has no functions of its own",
    )
}

fn kernel_without_kprobes_is_named() -> Result<()> {
    if needs::kprobes().is_ok() {
        Process::run(&mut run("app", &["good_kprobe"])?)?.expect_code(0)?;
        return skip("this kernel has kprobes");
    }
    says(
        &mut run("app", &["good_kprobe"])?,
        "BPF0051",
        "failed to attach good_kprobe to the kernel function vfs_read: this kernel has no \
         kprobes: ",
        "use a tracepoint",
    )
}

fn function_that_may_not_be_probed_is_named() -> Result<()> {
    needs::kprobes()?;
    // other processors do not tell why
    let (what, list) = match cfg!(target_arch = "x86_64") {
        true => ("tracing", "available_filter_functions in tracefs"),
        false => ("probing", "/sys/kernel/debug/kprobes/blacklist"),
    };
    says(
        &mut run("app", &["untraceable_kprobe"])?,
        "BPF0052",
        &format!(
            "failed to attach untraceable_kprobe to the kernel function kprobe_int3_handler: the \
             kernel does not allow {what} it: "
        ),
        &format!("see {list}"),
    )
}

fn kernel_without_kprobe_multi_is_named() -> Result<()> {
    let mut command = sandbox::with_tracefs(&run("app", &["on_kprobe_multi"])?)?;
    if needs::type_named("bpf_kprobe_multi_link").is_ok() {
        Process::run(&mut command)?.expect_code(0)?;
        return skip("this kernel has kprobe.multi");
    }
    let hint = match needs::type_named("BPF_TRACE_KPROBE_MULTI").is_ok() {
        true => "use a kernel built with CONFIG_FPROBE",
        false => "use Linux 5.18 or newer: this is Linux 5.",
    };
    says(
        &mut command,
        "BPF0049",
        "failed to attach on_kprobe_multi to the kernel functions vfs_*: this kernel has no \
         kprobe.multi: ",
        hint,
    )
}

fn kernel_without_netfilter_programs_is_named() -> Result<()> {
    let mut command = run("app", &["on_netfilter"])?;
    if needs::type_named("bpf_nf_link").is_ok() {
        Process::run(&mut command)?.expect_code(0)?;
        return skip("this kernel has netfilter programs");
    }
    says(
        &mut command,
        "BPF0049",
        "failed to load on_netfilter: this kernel does not support BPF programs of type Netfilter: ",
        "use Linux 6.4 or newer, built with support for them: this is Linux ",
    )
}

fn kernel_that_takes_no_fentry_is_named() -> Result<()> {
    let mut command = run("app", &["good_fentry"])?;
    if bpfapps_testkit::needs_fentry().is_ok() {
        Process::run(&mut command)?.expect_code(0)?;
        return skip("this kernel takes fentry");
    }
    says(
        &mut command,
        "BPF0049",
        "failed to load good_fentry for the kernel function vfs_read: this kernel refuses \
         fentry programs, even from root: ",
        "lockdown, a security module or the kernel's configuration forbids them",
    )
}

fn missing_capability_is_named() -> Result<()> {
    needs::uprobes()?;
    says(
        &mut run("powerless_app", &["on_uprobe"])?,
        "BPF0045",
        "failed to attach on_uprobe to 4096 in /proc/self/exe: missing CAP_PERFMON: ",
        "run it with sudo, or lend it to the group ",
    )
}

fn closed_perf_events_are_named() -> Result<()> {
    let setting = "/proc/sys/kernel/perf_event_paranoid";
    let paranoid = fs::read_to_string(setting)?;
    let paranoid = paranoid.trim();
    if paranoid.starts_with('-') {
        return skip(format!(
            "{setting} is {paranoid}: perf events are open to all"
        ));
    }
    says(
        &mut sandbox::with_tracefs(&run("powerless_app", &["good_tracepoint"])?)?,
        "BPF0046",
        &format!(
            "perf events need CAP_PERFMON here: kernel.perf_event_paranoid is {paranoid}: failed \
             to attach good_tracepoint to the tracepoint sched/sched_process_exec: "
        ),
        "run it with sudo, or allow them for all users: sudo sysctl kernel.perf_event_paranoid=-1",
    )
}

fn holder_of_a_cgroup_is_named() -> Result<()> {
    let cgroup = Cgroup::new()?;
    let folder = cgroup.path();
    let mut holder = Process::start(&mut run("hold", &[folder])?)?;
    holder.line(|line| line == "attached")?;
    let pid = holder.pid();
    let exit = Process::run(&mut run("join", &[folder])?)?.expect_code(1)?;
    let first = exit.stderr.first().map(String::as_str).unwrap_or_default();
    let start = format!(
        "error[BPF0048]: failed to attach on_cgroup to the cgroup {folder}: it is taken by program \
         on_cgroup (id "
    );
    ensure!(first.starts_with(&start), "{exit:#?}");
    ensure!(first.contains(&format!(" (pid {pid}): ")), "{exit:#?}");
    says(
        &mut run("join", &[cgroup.below("below")?.path()])?,
        "BPF0048",
        "/below: it is taken by program on_cgroup (id ",
        &format!("stop it: sudo kill {pid}"),
    )
}

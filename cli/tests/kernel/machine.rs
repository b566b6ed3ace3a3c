use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bpfapps_core::Capability::{CAP_BPF, CAP_PERFMON};
use bpfapps_testkit::loaded::{loaded, nothing_left};
use bpfapps_testkit::sandbox::{self, Call};
use bpfapps_testkit::{Process, Test, cli, installed, lending, skip, test};
use nix::errno::Errno;
use nix::libc;

use crate::report::Report;

pub(crate) const TESTS: &[Test] = &[
    test!(healthy_machine_raises_no_alarm),
    test!(answer_comes_at_once_and_leaves_nothing),
    test!(documents_have_each_field),
    test!(without_capabilities_each_is_named),
    test!(user_is_told_to_set_capabilities),
    test!(file_that_lends_rights_to_everybody_is_a_warning),
    test!(without_btf_only_those_fail_that_need_it),
    test!(kernel_that_is_too_old_is_named),
    test!(filtered_bpf_call_is_explained),
    test!(kernel_without_bpf_is_explained),
    test!(locked_down_kernel_is_named),
    test!(interpreter_is_a_warning),
    test!(container_wsl_and_android_are_named),
    test!(namespaces_are_named),
    test!(service_without_rights_is_a_warning),
];

/// The least of bpf(2): to make a map.
const MAKE_MAP: Call = Call {
    number: libc::SYS_bpf,
    argument: 0,
    value: 0,
};

fn doctor() -> Command {
    cli(["doctor", "-o", "json"])
}

fn healthy_machine_raises_no_alarm() -> Result<()> {
    let report = Report::of(&mut doctor())?.expect_code(0)?;
    ensure!(report.with("fail").is_empty(), "{report:#?}");
    ensure!(report.stderr.is_empty(), "{report:#?}");
    let warnings = report.with("warn");
    // the state of the machine is its owner's concern
    let of_apps = warnings.iter().filter(|it| !it.starts_with("machine: "));
    ensure!(of_apps.count() == 0, "{report:#?}");
    for app in ["bootstrap", "minimal"] {
        report.check(app, "programs")?.expect("ok", &["handle_"])?;
        report.check(app, "hooks")?.expect("ok", &["tp"])?;
        report.check(app, "helpers")?.expect("ok", &["there"])?;
    }
    Ok(())
}

/// An emulated machine takes longer than the documented time.
fn answer_comes_at_once_and_leaves_nothing() -> Result<()> {
    let before = loaded();
    let start = Instant::now();
    Process::run(&mut cli(["doctor"]))?.expect_code(0)?;
    let took = start.elapsed();
    ensure!(took < Duration::from_secs(20), "it took {took:?}");
    nothing_left(&before)
}

fn documents_have_each_field() -> Result<()> {
    let report = Report::of(&mut cli(["doctor", "minimal", "-o", "json"]))?;
    for check in report.checks() {
        let fields = check
            .as_object()
            .map(|fields| fields.keys().collect::<Vec<_>>());
        let fields = fields.unwrap_or_default();
        ensure!(
            fields
                == [
                    "about", "cause", "check", "code", "excerpt", "fix", "found", "status"
                ],
            "{check}"
        );
        ensure!(
            check["about"] == "machine" || check["about"] == "minimal",
            "nobody has asked: {check}"
        );
        let is_ok = check["status"] == "ok";
        ensure!(check["cause"].is_null() == is_ok, "{check}");
        ensure!(check["fix"].is_null() == is_ok, "{check}");
    }
    Ok(())
}

fn without_capabilities_each_is_named() -> Result<()> {
    let command = sandbox::without_capabilities(&doctor())?;
    let report = Report::of(&mut { command })?.expect_code(1)?;
    report.check("machine", "capabilities")?.expect(
        "fail",
        &["CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN missing, also from the bounding set"],
    )?;
    report
        .check("bootstrap", "programs")?
        .expect("warn", &["not tried"])?;
    let expected =
        "error: this machine can not run bootstrap, minimal, procs, runqlat, syscount and top";
    ensure!(report.stderr == [expected], "{report:#?}");
    Ok(())
}

fn user_is_told_to_set_capabilities() -> Result<()> {
    let (_folder, copy) = installed()?;
    let mut command = Command::new(&copy);
    command.args(["doctor", "bootstrap", "-o", "json"]);
    let report = Report::of(&mut sandbox::as_nobody(&command)?)?.expect_code(1)?;
    let copy = copy.display();
    // capabilities go away with the owner's group
    let lend = format!(
        "chgrp {} {copy} && sudo chmod 750 {copy} && sudo setcap cap_bpf,cap_perfmon+ep {copy}",
        nobodys_group()?
    );
    report.check("machine", "capabilities")?.expect(
        "fail",
        &["CAP_BPF and CAP_PERFMON missing from this process", &lend],
    )?;
    Ok(())
}

/// The group of the ordinary user that tests run as: a group of its own, or a number.
fn nobodys_group() -> Result<String> {
    let mut id = Command::new("id");
    let exit = Process::run(&mut sandbox::as_nobody(id.arg("-g"))?)?.expect_code(0)?;
    let number = exit.stdout.concat();
    let groups = fs::read_to_string("/etc/group")?;
    let named = groups.lines().find_map(|line| {
        let fields: Vec<_> = line.split(':').collect();
        (fields.get(2) == Some(&number.as_str())).then(|| fields[0].to_owned())
    });
    Ok(named.unwrap_or(number))
}

fn file_that_lends_rights_to_everybody_is_a_warning() -> Result<()> {
    let (_folder, path) = lending(&[CAP_BPF, CAP_PERFMON])?;
    let mut command = Command::new(&path);
    let report = Report::of(command.args(["doctor", "bootstrap", "-o", "json"]))?;
    let fix = format!("sudo chmod o-rwx {}", path.display());
    report
        .check("machine", "program file")?
        .expect("warn", &["everybody on this machine may run it", &fix])?;

    fs::set_permissions(&path, Permissions::from_mode(0o750))?;
    let report = Report::of(&mut command)?;
    ensure!(
        report.check("machine", "program file").is_err(),
        "{report:#?}"
    );
    Ok(())
}

fn without_btf_only_those_fail_that_need_it() -> Result<()> {
    let report = Report::of(&mut sandbox::without_btf(&doctor())?)?.expect_code(1)?;
    let words = [
        "/sys/kernel/btf/vmlinux is missing",
        "CONFIG_DEBUG_INFO_BTF=y",
    ];
    report.check("machine", "BTF")?.expect("fail", &words)?;
    report
        .check("bootstrap", "programs")?
        .expect("fail", &words)?;
    report.check("minimal", "programs")?.expect("ok", &[])?;
    let expected = "error: this machine can not run bootstrap, procs, runqlat, syscount and top";
    ensure!(report.stderr == [expected], "{report:#?}");
    let minimal = cli(["doctor", "minimal", "-o", "json"]);
    let report = Report::of(&mut sandbox::without_btf(&minimal)?)?.expect_code(0)?;
    report
        .check("machine", "BTF")?
        .expect("ok", &["nothing here needs it"])?;
    Ok(())
}

fn kernel_that_is_too_old_is_named() -> Result<()> {
    let report = Report::of(&mut sandbox::on_linux_5_6(&doctor())?)?;
    report
        .check("machine", "kernel")?
        .expect("warn", &["bootstrap needs Linux 5.8"])?;
    Ok(())
}

fn filtered_bpf_call_is_explained() -> Result<()> {
    let report = Report::of(&mut sandbox::refusing(MAKE_MAP, Errno::EPERM, &doctor())?)?;
    let words = ["Operation not permitted", "seccomp=unconfined"];
    report.check("machine", "bpf()")?.expect("fail", &words)?;
    report.expect_code(1)?;
    Ok(())
}

fn kernel_without_bpf_is_explained() -> Result<()> {
    let report = Report::of(&mut sandbox::refusing(MAKE_MAP, Errno::ENOSYS, &doctor())?)?;
    let words = ["built without BPF", "CONFIG_BPF_SYSCALL=y"];
    report.check("machine", "bpf()")?.expect("fail", &words)?;
    Ok(())
}

fn locked_down_kernel_is_named() -> Result<()> {
    let text = "none integrity [confidentiality]\n";
    let command = sandbox::with_file("/sys/kernel/security/lockdown", text, &doctor())?;
    let report = Report::of(&mut { command })?.expect_code(0)?;
    let words = [
        "may not read the kernel's memory",
        "lockdown=confidentiality",
    ];
    report
        .check("machine", "lockdown")?
        .expect("warn", &words)?;
    Ok(())
}

fn interpreter_is_a_warning() -> Result<()> {
    const FILE: &str = "/proc/sys/net/core/bpf_jit_enable";
    if !Path::new(FILE).exists() {
        return skip("this kernel does not show whether it compiles BPF");
    }
    let report = Report::of(&mut sandbox::with_file(FILE, "0\n", &doctor())?)?.expect_code(0)?;
    let words = ["interpreted", "sysctl 'net.core.bpf_jit_enable=1'"];
    report.check("machine", "JIT")?.expect("warn", &words)?;
    Ok(())
}

fn container_wsl_and_android_are_named() -> Result<()> {
    for (version, word) in [
        (
            "Linux version 5.15.90.1-microsoft-standard-WSL2\n",
            "on WSL",
        ),
        ("Linux version 5.10.101-android12-9\n", "on Android"),
    ] {
        let command = sandbox::with_file("/proc/version", version, &doctor())?;
        let report = Report::of(&mut { command })?.expect_code(0)?;
        report.check("machine", "platform")?.expect("ok", &[word])?;
    }
    if !Path::new("/run").is_dir() {
        return skip("there is no /run to put a mark in");
    }
    let command = sandbox::with_file("/run/systemd/container", "podman\n", &doctor())?;
    let report = Report::of(&mut { command })?.expect_code(0)?;
    let word = "in a container (podman)";
    report.check("machine", "platform")?.expect("ok", &[word])?;
    Ok(())
}

fn namespaces_are_named() -> Result<()> {
    let report = Report::of(&mut sandbox::in_user_namespace(&doctor())?)?;
    let words = ["not the machine's: ", "user", "do not count for BPF"];
    report
        .check("machine", "namespaces")?
        .expect("fail", &words)?;
    report.expect_code(1)?;
    Ok(())
}

fn service_without_rights_is_a_warning() -> Result<()> {
    const UNIT: &str = "/run/systemd/system/bpfapps@.service";
    let report = |unit: &str| {
        let unit = format!("[Service]\nExecStart=/usr/bin/bpfapps %i\n{unit}");
        Report::of(&mut sandbox::with_file(UNIT, &unit, &doctor())?)?.expect_code(0)
    };
    let user = "DynamicUser=yes\nAmbientCapabilities=CAP_BPF";
    let lacks = report(user)?;
    let check = lacks.check("procs", "service")?;
    check.expect(
        "warn",
        &["bpfapps@procs.service", "CAP_PERFMON", "systemctl edit"],
    )?;

    let has = report(&format!("{user} CAP_PERFMON"))?;
    let check = has.check("procs", "service")?;
    check.expect("ok", &["bpfapps@procs.service", "CAP_BPF and CAP_PERFMON"])?;
    // it reads tracefs
    has.check("minimal", "service")?
        .expect("warn", &["tracefs", "User=root"])?;
    report("")?
        .check("minimal", "service")?
        .expect("ok", &["root"])?;
    Ok(())
}

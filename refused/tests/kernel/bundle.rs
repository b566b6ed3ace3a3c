//! A kernel that hides its BTF, and bundles with it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
// for their objects
use bpfapps_bootstrap as _;
use bpfapps_btf::{Btf, Bundle, Kernel, Object};
use bpfapps_core::Capability::{CAP_BPF, CAP_PERFMON};
use bpfapps_core::Embedded;
use bpfapps_host::hooks::btf::KERNEL;
use bpfapps_host::{Release, platform};
use bpfapps_minimal as _;
use bpfapps_procs as _;
use bpfapps_testkit::{Process, Test, cli, lending, needs, sandbox, test};
use nix::sys::signal::Signal;
use nix::sys::utsname::uname;
use tempfile::NamedTempFile;

pub(crate) const TESTS: &[Test] = &[
    test!(bundle_stands_in_for_the_kernels_types),
    test!(another_kernel_is_named_and_not_used),
    test!(bundle_for_other_objects_is_refused),
    test!(only_roots_bundle_counts),
    test!(user_with_lent_rights_has_the_bundle),
    test!(types_on_the_command_line_come_first),
];

/// Where apps look for it.
const BUNDLE: &str = "/usr/share/bpfapps/btf";

fn running() -> Result<Kernel> {
    let (distribution, version) = platform::distribution();
    Ok(Kernel {
        distribution,
        version,
        machine: uname()?.machine().to_string_lossy().into_owned(),
        release: Release::running_name()?,
        build: Release::running_build()?,
    })
}

/// A bundle of a kernel that has this one's types, for some apps.
fn bundle(apps: &[&str], kernel: Kernel) -> Result<NamedTempFile> {
    needs::btf()?;
    let types = fs::read(KERNEL)?;
    let mut objects = Vec::new();
    for app in apps {
        let mut all = Embedded::all();
        let object = all.find(|it| it.name == *app).context("no such app")?;
        objects.push(Object::parse(object.object().bytes.to_vec().leak())?);
    }
    let mut builder = Bundle::builder(objects);
    builder.add(kernel, &Btf::parse(&types)?)?;
    let file = NamedTempFile::new()?;
    fs::write(&file, builder.finish()?)?;
    fs::set_permissions(&file, Permissions::from_mode(0o644))?;
    Ok(file)
}

/// `command` on a machine whose kernel shows no BTF, with this bundle.
fn hidden(bundle: &NamedTempFile, command: &Command) -> Result<Command> {
    let without = sandbox::without_btf(command)?;
    sandbox::with_copy(BUNDLE, bundle.path(), &without)
}

fn bundle_stands_in_for_the_kernels_types() -> Result<()> {
    let bundle = bundle(&["bootstrap", "minimal", "procs"], running()?)?;
    let mut procs = hidden(&bundle, &cli(["procs", "--", "sh", "-c", "exit 4"]))?;
    let exit = Process::run(&mut procs)?.expect_code(4)?;
    exit.expect_stdout("EXEC")?.expect_stdout("[4] (")?;

    let mut bootstrap = Process::start(&mut hidden(&bundle, &cli(["bootstrap"]))?)?;
    bootstrap.line(|line| line.contains("COMM"))?;
    let mut child = Command::new("sh").args(["-c", "exit 5"]).spawn()?;
    child.wait()?;
    let pid = child.id().to_string();
    bootstrap.line(|line| line.contains(&pid) && line.contains("[5]"))?;
    bootstrap.signal(Signal::SIGTERM)?;
    bootstrap.wait()?.expect_code(0)?;

    let doctor = cli(["doctor", "bootstrap", "procs", "minimal"]);
    let exit = Process::run(&mut hidden(&bundle, &doctor)?)?.expect_code(0)?;
    exit.expect_stdout("/usr/share/bpfapps/btf, ")?
        .expect_stdout("of this very kernel, which has no BTF of its own")?;
    Ok(())
}

fn another_kernel_is_named_and_not_used() -> Result<()> {
    let running = running()?;
    let rebuilt = Kernel {
        build: "#0 of yesterday".to_owned(),
        ..running.clone()
    };
    // the distribution counts where the build is not known
    let elsewhere = Kernel {
        distribution: "elsewhere".to_owned(),
        build: String::new(),
        ..running.clone()
    };
    for near in [rebuilt, elsewhere] {
        let bundle = bundle(&["bootstrap", "procs"], near.clone())?;
        for app in ["bootstrap", "procs"] {
            let exit = Process::run(&mut hidden(&bundle, &cli([app]))?)?.expect_code(1)?;
            let error = format!(
                "error[BPF0060]: this kernel has no BTF: {KERNEL} is missing, and {BUNDLE} lacks \
                 {running}: {near}, which is in it, is another kernel"
            );
            ensure!(exit.stderr.first() == Some(&error), "{exit:#?}");
            exit.expect_stderr("cargo xtask btf bundle")?;
        }
        let doctor = cli(["doctor", "procs", "-o", "json"]);
        let exit = Process::run(&mut hidden(&bundle, &doctor)?)?.expect_code(1)?;
        exit.expect_stdout("which is in it, is another kernel")?;
    }
    Ok(())
}

fn bundle_for_other_objects_is_refused() -> Result<()> {
    let bundle = bundle(&["minimal"], running()?)?;
    let exit = Process::run(&mut hidden(&bundle, &cli(["procs"]))?)?.expect_code(1)?;
    let error = format!("error[BPF0060]: {BUNDLE} is not made for this procs: it lacks the ");
    exit.expect_stderr(&error)?;
    Ok(())
}

fn only_roots_bundle_counts() -> Result<()> {
    let bundle = bundle(&["procs"], running()?)?;
    let procs = cli(["procs", "--", "true"]);
    fs::set_permissions(&bundle, Permissions::from_mode(0o666))?;
    let exit = Process::run(&mut hidden(&bundle, &procs)?)?.expect_code(1)?;
    let error = format!("error: others than root may write {BUNDLE}, so root does not follow it");
    exit.expect_stderr(&error)?;

    fs::set_permissions(&bundle, Permissions::from_mode(0o644))?;
    Process::run(&mut hidden(&bundle, &procs)?)?.expect_code(0)?;
    fs::write(&bundle, "no bundle")?;
    let exit = Process::run(&mut hidden(&bundle, &procs)?)?.expect_code(1)?;
    exit.expect_stderr(&format!("error[BPF0062]: {BUNDLE} is not a bundle of BTF"))?;
    Ok(())
}

fn user_with_lent_rights_has_the_bundle() -> Result<()> {
    needs::linux("5.11", "maps of users without limit")?;
    let bundle = bundle(&["procs"], running()?)?;
    let (_folder, path) = lending(&[CAP_PERFMON, CAP_BPF])?;
    let mut command = Command::new(&path);
    command.args(["procs", "--", "sh", "-c", "exit 4"]);
    let command = sandbox::as_nobody(&command)?;
    let exit = Process::run(&mut hidden(&bundle, &command)?)?.expect_code(4)?;
    exit.expect_stdout("[4] (")?;
    Ok(())
}

fn types_on_the_command_line_come_first() -> Result<()> {
    let bundle = bundle(&["minimal"], running()?)?;
    let whole = NamedTempFile::new()?;
    fs::copy(KERNEL, &whole)?;
    let mut procs = cli(["procs", "--btf"]);
    procs.arg(whole.path()).args(["--", "sh", "-c", "exit 4"]);
    Process::run(&mut hidden(&bundle, &procs)?)?.expect_code(4)?;
    Ok(())
}

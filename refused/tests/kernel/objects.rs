//! Files that are no BPF objects, or not for this machine and kernel.

use std::env;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use bpfapps_refused::{ALL, BEYOND, CROWDED, GREEDY, LEFT_OPEN, OBJECTS};
use bpfapps_testkit::{Fixture, Process, Test, cli, fixture, program, sandbox, test};
use libbpf_rs::libbpf_sys::bpf_map_create_opts;
use libbpf_rs::{MapHandle, MapType};
use nix::mount::{MsFlags, mount};
use tempfile::NamedTempFile;

use crate::{run, says};

pub(crate) const TESTS: &[Test] = &[
    test!(object_of_the_other_byte_order_is_named),
    test!(object_without_types_is_named),
    test!(object_with_legacy_maps_is_named),
    test!(object_for_another_machine_is_named),
    test!(object_that_ends_early_is_named),
    test!(types_of_another_kernel_are_named),
    test!(pinned_map_is_neither_taken_nor_made),
    test!(much_memory_is_only_taken_by_force),
    test!(many_maps_need_as_many_descriptors),
    test!(object_left_open_to_its_program_runs),
    test!(program_without_a_twin_is_needed),
    test!(program_may_be_left_out_if_there_are_twins_of_others),
    test!(read_beyond_the_record_of_a_tracepoint_is_named),
];

fn object_of_the_other_byte_order_is_named() -> Result<()> {
    let (other, own) = match cfg!(target_endian = "little") {
        true => ("big", "little"),
        false => ("little", "big"),
    };
    says(
        &mut run("open", &["other_order"])?,
        "BPF0064",
        &format!("it is for {other}-endian machines, but this one is {own}-endian"),
        "compile it with -target bpf on a machine of this byte order",
    )
}

fn object_without_types_is_named() -> Result<()> {
    says(
        &mut run("open", &["no_btf"])?,
        "BPF0065",
        "no_btf has no BTF: ",
        "compile it with -g and clang 11 or newer",
    )
}

fn object_with_legacy_maps_is_named() -> Result<()> {
    says(
        &mut run("open", &["legacy_maps"])?,
        "BPF0066",
        "legacy_maps defines its maps in the section `maps`, which libbpf 1.0 dropped: ",
        "define them in SEC(\".maps\"), with __uint and __type",
    )
}

fn object_for_another_machine_is_named() -> Result<()> {
    says(
        &mut run("open", &["not_bpf"])?,
        "BPF0063",
        &format!("it is compiled for {}, not for BPF", env::consts::ARCH),
        "compile a BPF object file from C: ",
    )
}

fn object_that_ends_early_is_named() -> Result<()> {
    for bytes in ["8", "300"] {
        says(
            &mut run("open", &["no_btf", bytes])?,
            "BPF0063",
            "failed to open BPF object no_btf: it is a damaged ELF file: ",
            "compile or copy it again",
        )?;
    }
    says(
        &mut run("open", &["no_btf", "0"])?,
        "BPF0063",
        "the file is empty",
        "compile a BPF object file from C: ",
    )
}

pub(crate) const FIXTURES: &[Fixture] = &[fixture!(beside_pin)];

/// An object as a file.
fn file_of(object: &[u8]) -> Result<NamedTempFile> {
    let mut file = NamedTempFile::new()?;
    file.write_all(object)?;
    Ok(file)
}

/// Examines that object while a different map of the same name is pinned: reusing it would fail.
/// The mount belongs to this sandbox.
fn beside_pin(_: &[String]) -> Result<()> {
    let place = Path::new("/sys/fs/bpf");
    let (kind, name) = (Some("bpf"), "greedy_counts");
    mount(kind, place, kind, MsFlags::empty(), None::<&str>)?;
    let options = bpf_map_create_opts {
        sz: size_of::<bpf_map_create_opts>() as u64,
        ..Default::default()
    };
    let mut pinned = MapHandle::create(MapType::Array, Some(name), 4, 8, 7, &options)?;
    pinned.pin(place.join(name))?;

    let file = file_of(GREEDY)?;
    let mut doctor = cli(["doctor", "--force", "--object"]);
    Process::run(doctor.arg(file.path()))?.expect_code(0)?;
    pinned.unpin(place.join(name))?;
    Process::run(&mut doctor)?.expect_code(0)?;
    ensure!(!place.join(name).exists(), "it has left a pin");
    Ok(())
}

fn pinned_map_is_neither_taken_nor_made() -> Result<()> {
    let command = sandbox::with_tracefs(&run("beside_pin", &[])?)?;
    Process::run(&mut { command })?.expect_code(0)?;
    Ok(())
}

fn much_memory_is_only_taken_by_force() -> Result<()> {
    let file = file_of(GREEDY)?;
    let exit = Process::run(cli(["doctor", "--object"]).arg(file.path()))?.expect_code(1)?;
    let error = format!(
        "error: the maps of {} would take 1092 MiB of memory",
        file.path().display()
    );
    exit.expect_stderr(&error)?
        .expect_stderr("hint: --force loads it all the same")?;
    Ok(())
}

fn many_maps_need_as_many_descriptors() -> Result<()> {
    let file = file_of(CROWDED)?;
    let doctor = |most: u32| {
        let mut shell = Command::new("sh");
        let script = format!("ulimit -n {most}; exec \"$@\"");
        shell.args(["-c", &script, "sh"]).arg(program());
        Process::run(shell.args(["doctor", "--object"]).arg(file.path()))
    };
    doctor(8192)?.expect_code(0)?;
    doctor(1024)?
        .expect_code(1)?
        .expect_stderr("Too many open files")?;
    Ok(())
}

fn types_of_another_kernel_are_named() -> Result<()> {
    // an object has types of its own, and this one none of the kernel's
    let object = OBJECTS.iter().find(|object| object.name == "legacy_maps");
    let object = object.context("there is no such object")?;
    let mut file = NamedTempFile::new()?;
    file.write_all(&object.bytes)?;
    let path = file.path().to_string_lossy();
    let app = run("app", &["on_sys_enter", &path])?;
    let error = format!("{path} is not the BTF of this kernel: ");
    says(
        &mut run("app", &["on_sys_enter", &path])?,
        "BPF0061",
        &error,
        "omit --btf: this kernel has its own BTF",
    )?;
    says(
        &mut sandbox::without_btf(&app)?,
        "BPF0061",
        &error,
        "use the BTF of the running kernel",
    )
}

fn object_left_open_to_its_program_runs() -> Result<()> {
    let file = file_of(LEFT_OPEN)?;
    let exit = Process::run(cli(["doctor", "--object"]).arg(file.path()))?.expect_code(0)?;
    for words in [
        "map `stacks` has no max_entries, map `stacks` has no value_size and map `counts` has no \
         max_entries",
        "not on_exit_typed, whose twin on_exit works",
        "not raw_tp/sys_entrance, whose twin raw_tp/sys_enter works",
        "what its program sets for fentry/dummy",
        "it does without bpfapps_no_such_kfunc",
        "it does without struct task_struct.no_such_state",
    ] {
        let is_said = exit.stdout.iter().any(|line| line.contains(words));
        ensure!(is_said, "{words}: {exit:#?}");
    }
    Ok(())
}

/// The object with another name of the tracepoint that exists.
fn renamed(object: &[u8]) -> Result<NamedTempFile> {
    let mut object = object.to_vec();
    let (old, new) = (b"raw_tp/sys_enter\0", b"raw_tp/sys_entry\0");
    let at = object.windows(old.len()).position(|part| part == old);
    let at = at.context("no such section")?;
    object[at..at + old.len()].copy_from_slice(new);
    file_of(&object)
}

fn program_without_a_twin_is_needed() -> Result<()> {
    let case = ALL.iter().find(|case| case.name == "bpf0001");
    let file = renamed(case.context("no case")?.fixed)?;
    let exit = Process::run(cli(["doctor", "--object"]).arg(file.path()))?.expect_code(1)?;
    exit.expect_stdout("this kernel has no raw_tp/sys_entry")?;
    Ok(())
}

fn program_may_be_left_out_if_there_are_twins_of_others() -> Result<()> {
    let file = renamed(LEFT_OPEN)?;
    let exit = Process::run(cli(["doctor", "--object"]).arg(file.path()))?.expect_code(0)?;
    exit.expect_stdout("this kernel has no raw_tp/sys_entry")?
        .expect_stdout("it must leave these out here")?;
    Ok(())
}

fn read_beyond_the_record_of_a_tracepoint_is_named() -> Result<()> {
    let file = file_of(BEYOND)?;
    let exit = Process::run(cli(["doctor", "--object"]).arg(file.path()))?.expect_code(1)?;
    let words = "reads_beyond reads 204 bytes, but a record of sched/sched_process_exit has ";
    let line = exit.stdout.iter().find(|line| line.contains(words));
    let line = line.with_context(|| format!("{exit:#?}"))?;
    ensure!(!line.contains("reads_within"), "{line}");
    Ok(())
}

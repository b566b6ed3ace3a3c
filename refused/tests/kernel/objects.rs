//! Files that are no BPF objects, or not for this machine and kernel.

use std::env;
use std::io::Write as _;

use anyhow::{Context as _, Result};
use bpfapps_refused::OBJECTS;
use bpfapps_testkit::{Test, sandbox, test};

use crate::{run, says};

pub(crate) const TESTS: &[Test] = &[
    test!(object_of_the_other_byte_order_is_named),
    test!(object_without_types_is_named),
    test!(object_with_legacy_maps_is_named),
    test!(object_for_another_machine_is_named),
    test!(object_that_ends_early_is_named),
    test!(types_of_another_kernel_are_named),
];

fn object_of_the_other_byte_order_is_named() -> Result<()> {
    let (other, own) = match cfg!(target_endian = "little") {
        true => ("big", "little"),
        false => ("little", "big"),
    };
    says(
        &mut run("open", &["other_order"])?,
        "BPF0064",
        &format!("it is for {other}-endian machines, and this one is {own}-endian"),
        "compile it with -target bpf on such a machine",
    )
}

fn object_without_types_is_named() -> Result<()> {
    says(
        &mut run("open", &["no_btf"])?,
        "BPF0065",
        "no_btf has no BTF: ",
        "compile it with -g, by clang 11 or newer",
    )
}

fn object_with_legacy_maps_is_named() -> Result<()> {
    says(
        &mut run("open", &["legacy_maps"])?,
        "BPF0066",
        "legacy_maps defines its maps as libbpf before 1.0 did, in a section `maps`: ",
        "define them in SEC(\".maps\"), with __uint and __type",
    )
}

fn object_for_another_machine_is_named() -> Result<()> {
    says(
        &mut run("open", &["not_bpf"])?,
        "BPF0063",
        &format!("it is compiled for {}, and not for BPF", env::consts::ARCH),
        "a BPF object file is what clang makes of C: ",
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
        "a BPF object file is what clang makes of C: ",
    )
}

fn types_of_another_kernel_are_named() -> Result<()> {
    // an object has types of its own, and this one none of the kernel's
    let object = OBJECTS.iter().find(|object| object.name == "legacy_maps");
    let object = object.context("there is no such object")?;
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(&object.bytes)?;
    let path = file.path().to_string_lossy();
    let app = run("app", &["on_sys_enter", &path])?;
    let error = format!("{path} is not the BTF of this kernel: ");
    says(
        &mut run("app", &["on_sys_enter", &path])?,
        "BPF0061",
        &error,
        "leave --btf away: this kernel shows its own BTF",
    )?;
    says(
        &mut sandbox::without_btf(&app)?,
        "BPF0061",
        &error,
        "take that of this very kernel",
    )
}

//! The table of requirements of a build for another processor, besides those of any build.

use bpfapps_task::Arch;

use super::requirement::Source::{Package, Target};
use super::requirement::Stage::{Build, Dist, Vm};
use super::requirement::{Probe, Requirement};

const NOT_DEBIAN: &str = "only Debian and its relatives package libraries of another processor";

/// The requirements for a processor. One that has the name of another requirement is in place of it.
pub(crate) fn requirements(arch: Arch) -> &'static [Requirement] {
    match arch {
        Arch::Arm64 => ARM64,
        // what an arm64 machine needs to build for x86-64 is not known yet
        Arch::Amd64 => &[],
    }
}

/// apt, dnf, pacman, zypper, apk.
const ARM64: &[Requirement] = &[
    Requirement {
        name: "Rust's standard library for arm64",
        why: "to compile Rust for it",
        stage: Build,
        probe: Probe::RustLibrary,
        source: Target(Arch::Arm64),
    },
    Requirement {
        name: "a C compiler for arm64",
        why: "to compile libbpf for it, and to link",
        stage: Build,
        probe: Probe::Header("stdio.h"),
        source: debian("gcc-aarch64-linux-gnu libc6-dev-arm64-cross"),
    },
    Requirement {
        name: "a static C library for arm64",
        why: "to link a binary that runs anywhere",
        stage: Dist,
        probe: Probe::Archive("libc.a"),
        source: debian("libc6-dev-arm64-cross"),
    },
    Requirement {
        name: "a static libelf for arm64",
        why: "to link a binary that runs anywhere",
        stage: Build,
        probe: Probe::Archive("libelf.a"),
        source: debian("libelf-dev:arm64"),
    },
    Requirement {
        name: "a static zlib for arm64",
        why: "to link a binary that runs anywhere",
        stage: Build,
        probe: Probe::Archive("libz.a"),
        source: debian("zlib1g-dev:arm64"),
    },
    Requirement {
        name: "a static zstd for arm64",
        why: "to link a libelf that reads it",
        stage: Dist,
        probe: Probe::BesideLibelf,
        source: debian("libzstd-dev:arm64"),
    },
    Requirement {
        name: "QEMU for programs of arm64",
        why: "to let the binary write its man pages",
        stage: Dist,
        probe: Probe::Programs(&["qemu-aarch64"]),
        source: Package([
            Ok("qemu-user"),
            Ok("qemu-user"),
            Ok("qemu-user"),
            Ok("qemu-linux-user"),
            Ok("qemu-aarch64"),
        ]),
    },
    Requirement {
        name: "QEMU",
        why: "to boot kernels of arm64 in virtual machines",
        stage: Vm,
        probe: Probe::Programs(&["qemu-system-aarch64"]),
        source: Package([
            Ok("qemu-system-arm"),
            Ok("qemu-system-aarch64-core"),
            Ok("qemu-system-aarch64"),
            Ok("qemu-arm"),
            Ok("qemu-system-aarch64"),
        ]),
    },
];

const fn debian(packages: &'static str) -> super::requirement::Source {
    Package([
        Ok(packages),
        Err(NOT_DEBIAN),
        Err(NOT_DEBIAN),
        Err(NOT_DEBIAN),
        Err(NOT_DEBIAN),
    ])
}

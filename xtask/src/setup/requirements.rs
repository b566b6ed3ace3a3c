//! What the project needs: the one table.

use super::manager::Manager;

/// What a thing is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Stage {
    /// `cargo build` and `cargo xtask run`
    Build,
    /// `cargo xtask test`
    Test,
    /// `cargo xtask dist`
    Dist,
    /// `cargo xtask vm`
    Vm,
    /// `cargo xtask bench storm`
    Bench,
}

impl Stage {
    /// Whether what another stage needs is needed for this one, too.
    pub(super) fn takes(self, other: Self) -> bool {
        let builds_statically = self == Self::Vm && other == Self::Dist;
        other == self || other == Self::Build || builds_statically
    }

    /// Whether it is left to the task that needs it to install so much.
    pub(super) fn is_large(self) -> bool {
        matches!(self, Self::Vm | Self::Bench)
    }
}

/// A way to find out whether something is there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Probe {
    /// The C compiler compiles a file that includes this header.
    Header(&'static str),
    /// clang, or what `CLANG` names, is new enough and has the BPF target.
    Clang,
    /// These are all on PATH.
    Programs(&'static [&'static str]),
    /// It runs; rustup puts programs on PATH that only say that they are not
    /// installed.
    Runs(&'static str),
    /// The linker finds this static library.
    Archive(&'static str),
    /// A busybox on PATH is linked statically.
    Busybox,
    /// The linker finds the further libraries that a static libelf needs.
    BesideLibelf,
}

/// One thing that has to be there.
#[derive(Debug)]
pub(crate) struct Requirement {
    pub(crate) name: &'static str,
    /// Follows the name: "to compile BPF programs".
    pub(crate) why: &'static str,
    pub(crate) stage: Stage,
    pub(crate) probe: Probe,
    pub(crate) source: Source,
}

/// Where it comes from.
#[derive(Debug)]
pub(crate) enum Source {
    /// A package of the system's, one entry a manager in the order of
    /// [`Manager::ALL`], or the reason why that system has none.
    Package([Result<&'static str, &'static str>; Manager::ALL.len()]),
    /// A component of the Rust toolchain.
    Rustup(&'static str),
}

use Source::{Package, Rustup};
use Stage::{Bench, Build, Dist, Test, Vm};

const ARCH_ZSTD: &str = "Arch Linux packages zstd without its static library";
const NOT_DEBIAN: &str = "it is compared with as Debian packages it";

/// apt, dnf, pacman, zypper, apk.
pub(crate) const ALL: &[Requirement] = &[
    Requirement {
        name: "a C compiler",
        why: "to compile libbpf",
        stage: Build,
        probe: Probe::Header("stddef.h"),
        source: Package([Ok("gcc"), Ok("gcc"), Ok("gcc"), Ok("gcc"), Ok("gcc")]),
    },
    Requirement {
        name: "the C library's headers",
        why: "to compile libbpf",
        stage: Build,
        probe: Probe::Header("stdio.h"),
        source: Package([
            Ok("libc6-dev"),
            Ok("glibc-devel"),
            Ok("glibc"),
            Ok("glibc-devel"),
            Ok("musl-dev"),
        ]),
    },
    Requirement {
        name: "the kernel's headers for programs",
        why: "to compile libbpf and BPF programs",
        stage: Build,
        probe: Probe::Header("linux/bpf.h"),
        source: Package([
            Ok("linux-libc-dev"),
            Ok("kernel-headers"),
            Ok("linux-api-headers"),
            Ok("linux-glibc-devel"),
            Ok("linux-headers"),
        ]),
    },
    Requirement {
        name: "make",
        why: "to build libbpf",
        stage: Build,
        probe: Probe::Programs(&["make"]),
        source: Package([Ok("make"), Ok("make"), Ok("make"), Ok("make"), Ok("make")]),
    },
    Requirement {
        name: "pkg-config",
        why: "to let libbpf's build find libelf",
        stage: Build,
        probe: Probe::Programs(&["pkg-config"]),
        source: Package([
            Ok("pkg-config"),
            Ok("pkgconf-pkg-config"),
            Ok("pkgconf"),
            Ok("pkg-config"),
            Ok("pkgconf"),
        ]),
    },
    Requirement {
        name: "clang 11 or newer with its BPF target",
        why: "to compile BPF programs",
        stage: Build,
        probe: Probe::Clang,
        source: Package([
            Ok("clang"),
            Ok("clang"),
            Ok("clang"),
            Ok("clang"),
            Ok("clang"),
        ]),
    },
    Requirement {
        name: "libelf with headers",
        why: "to let libbpf read BPF objects",
        stage: Build,
        probe: Probe::Header("gelf.h"),
        source: Package([
            Ok("libelf-dev"),
            Ok("elfutils-libelf-devel"),
            Ok("libelf"),
            Ok("libelf-devel"),
            Ok("elfutils-dev"),
        ]),
    },
    Requirement {
        name: "zlib with headers",
        why: "to let libelf read compressed sections",
        stage: Build,
        probe: Probe::Header("zlib.h"),
        source: Package([
            Ok("zlib1g-dev"),
            Ok("zlib-devel"),
            Ok("zlib"),
            Ok("zlib-devel"),
            Ok("zlib-dev"),
        ]),
    },
    Requirement {
        name: "rustfmt",
        why: "to check how Rust is formatted",
        stage: Test,
        probe: Probe::Runs("cargo-fmt"),
        source: Rustup("rustfmt"),
    },
    Requirement {
        name: "clippy",
        why: "to lint Rust",
        stage: Test,
        probe: Probe::Runs("cargo-clippy"),
        source: Rustup("clippy"),
    },
    Requirement {
        name: "clang-format",
        why: "to check how C is formatted",
        stage: Test,
        probe: Probe::Programs(&["clang-format"]),
        source: Package([
            Ok("clang-format"),
            Ok("clang-tools-extra"),
            Ok("clang"),
            Ok("clang-tools"),
            Ok("clang-extra-tools"),
        ]),
    },
    Requirement {
        name: "mount, unshare and setpriv",
        why: "to give tests mounts and privileges of their own",
        stage: Test,
        probe: Probe::Programs(&["mount", "unshare", "setpriv"]),
        source: Package([
            Ok("util-linux mount"),
            Ok("util-linux"),
            Ok("util-linux"),
            Ok("util-linux"),
            Ok("util-linux"),
        ]),
    },
    Requirement {
        name: "ip and tc",
        why: "to give tests a network of their own",
        stage: Test,
        probe: Probe::Programs(&["ip", "tc"]),
        source: Package([
            Ok("iproute2"),
            Ok("iproute iproute-tc"),
            Ok("iproute2"),
            Ok("iproute2"),
            Ok("iproute2"),
        ]),
    },
    Requirement {
        name: "a static C library",
        why: "to link a binary that runs anywhere",
        stage: Dist,
        probe: Probe::Archive("libc.a"),
        source: Package([
            Ok("libc6-dev"),
            Ok("glibc-static"),
            Ok("glibc"),
            Ok("glibc-devel-static"),
            Ok("musl-dev"),
        ]),
    },
    Requirement {
        name: "a static libelf",
        why: "to link a binary that runs anywhere",
        stage: Dist,
        probe: Probe::Archive("libelf.a"),
        source: Package([
            Ok("libelf-dev"),
            Ok("elfutils-libelf-devel-static"),
            Ok("libelf"),
            Ok("libelf-devel"),
            Ok("libelf-static"),
        ]),
    },
    Requirement {
        name: "a static zlib",
        why: "to link a binary that runs anywhere",
        stage: Dist,
        probe: Probe::Archive("libz.a"),
        source: Package([
            Ok("zlib1g-dev"),
            Ok("zlib-static"),
            Ok("zlib"),
            Ok("zlib-devel-static"),
            Ok("zlib-static"),
        ]),
    },
    Requirement {
        name: "a static zstd",
        why: "to link a libelf that reads it",
        stage: Dist,
        probe: Probe::BesideLibelf,
        source: Package([
            Ok("libzstd-dev"),
            Ok("libzstd-static"),
            Err(ARCH_ZSTD),
            Ok("libzstd-devel-static"),
            Ok("zstd-static"),
        ]),
    },
    Requirement {
        name: "QEMU",
        why: "to boot kernels in virtual machines",
        stage: Vm,
        probe: Probe::Programs(&["qemu-system-x86_64"]),
        source: Package([
            Ok("qemu-system-x86"),
            Ok("qemu-system-x86-core"),
            Ok("qemu-system-x86"),
            Ok("qemu-x86"),
            Ok("qemu-system-x86_64"),
        ]),
    },
    Requirement {
        name: "a static busybox",
        why: "to have a shell in virtual machines",
        stage: Vm,
        probe: Probe::Busybox,
        source: Package([
            Ok("busybox-static"),
            Ok("busybox"),
            Ok("busybox"),
            Ok("busybox-static"),
            Ok("busybox-static"),
        ]),
    },
    Requirement {
        name: "setpriv",
        why: "to end virtual machines with the task that boots them",
        stage: Vm,
        probe: Probe::Programs(&["setpriv"]),
        source: Package([
            Ok("util-linux"),
            Ok("util-linux"),
            Ok("util-linux"),
            Ok("util-linux"),
            Ok("util-linux"),
        ]),
    },
    Requirement {
        name: "execsnoop and exitsnoop",
        why: "to hold bootstrap against them",
        stage: Bench,
        probe: Probe::Programs(&["execsnoop", "exitsnoop"]),
        source: Package([
            Ok("libbpf-tools"),
            Err(NOT_DEBIAN),
            Err(NOT_DEBIAN),
            Err(NOT_DEBIAN),
            Err(NOT_DEBIAN),
        ]),
    },
    Requirement {
        name: "bpftrace",
        why: "to hold bootstrap against it",
        stage: Bench,
        probe: Probe::Programs(&["bpftrace"]),
        source: Package([
            Ok("bpftrace"),
            Ok("bpftrace"),
            Ok("bpftrace"),
            Ok("bpftrace"),
            Ok("bpftrace"),
        ]),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_has_a_package_or_a_reason() {
        for requirement in ALL {
            let Package(packages) = &requirement.source else {
                continue;
            };
            for (manager, package) in Manager::ALL.into_iter().zip(packages) {
                let text = package.unwrap_or_else(|reason| reason);
                assert!(!text.is_empty(), "{} on {manager:?}", requirement.name);
                let absent = package.is_err();
                assert_eq!(
                    absent,
                    text.split(' ').count() > 2,
                    "a reason is a sentence and a package is not: {text}"
                );
            }
        }
    }

    #[test]
    fn names_differ_and_purposes_read_on() {
        for (i, requirement) in ALL.iter().enumerate() {
            assert!(requirement.why.starts_with("to "), "{}", requirement.name);
            let twins = ALL[..i].iter().filter(|r| r.name == requirement.name);
            assert_eq!(twins.count(), 0, "{} stands twice", requirement.name);
        }
    }
}

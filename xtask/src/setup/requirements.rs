//! The table of the project's requirements.

use super::requirement::Source::{Cargo, Package, Rustup};
use super::requirement::Stage::{Bench, Build, Corpus, Deny, Dist, Docs, Kernel, Test, Vm};
use super::requirement::{Probe, Requirement};

const ARCH_ZSTD: &str = "Arch Linux packages zstd without its static library";
const NOT_DEBIAN_SOURCE: &str = "the source is that of Debian's kernels";
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
        name: "clang 14 or newer with its BPF target",
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
        name: "clang 19",
        why: "to compile the kernel's selftests",
        stage: Corpus,
        probe: Probe::Programs(&["clang-19"]),
        source: Package([
            Ok("clang-19"),
            Err(NOT_DEBIAN_SOURCE),
            Err(NOT_DEBIAN_SOURCE),
            Err(NOT_DEBIAN_SOURCE),
            Err(NOT_DEBIAN_SOURCE),
        ]),
    },
    Requirement {
        name: "flex, bison and bc",
        why: "to build a kernel",
        stage: Kernel,
        probe: Probe::Programs(&["flex", "bison", "bc"]),
        source: Package([
            Ok("flex bison bc"),
            Err(NOT_DEBIAN_SOURCE),
            Err(NOT_DEBIAN_SOURCE),
            Err(NOT_DEBIAN_SOURCE),
            Err(NOT_DEBIAN_SOURCE),
        ]),
    },
    Requirement {
        name: "pahole",
        why: "to make BTF of a kernel's symbols",
        stage: Kernel,
        probe: Probe::Programs(&["pahole"]),
        source: Package([
            Ok("dwarves"),
            Err(NOT_DEBIAN_SOURCE),
            Err(NOT_DEBIAN_SOURCE),
            Err(NOT_DEBIAN_SOURCE),
            Err(NOT_DEBIAN_SOURCE),
        ]),
    },
    Requirement {
        name: "cargo-deny",
        why: "to hold dependencies against deny.toml",
        stage: Deny,
        probe: Probe::Programs(&["cargo-deny"]),
        source: Cargo("cargo-deny"),
    },
    Requirement {
        name: "mdbook",
        why: "to make a book of docs/",
        stage: Docs,
        probe: Probe::Programs(&["mdbook"]),
        source: Cargo("mdbook"),
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
    use super::super::manager::Manager;
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
                    text.split(' ').count() > 3,
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

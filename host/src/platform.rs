//! The platform below the kernel, and the container around this process.

use std::fs;
use std::path::Path;

/// The container that this process is in, as far as anything shows it.
pub fn container() -> Option<String> {
    let named = |file: &str| fs::read_to_string(file).ok();
    if let Some(name) = named("/run/systemd/container") {
        return Some(name.trim().to_owned());
    }
    let marks = [
        ("/.dockerenv", "docker"),
        ("/run/.containerenv", "podman"),
        ("/dev/.lxc-boot-id", "lxc"),
    ];
    if let Some((_, name)) = marks.iter().find(|(file, _)| Path::new(file).exists()) {
        return Some((*name).to_owned());
    }
    let groups = named("/proc/1/cgroup").unwrap_or_default();
    ["kubepods", "docker", "lxc", "libpod"]
        .into_iter()
        .find(|name| groups.contains(name))
        .map(str::to_owned)
}

/// True if system calls of this process are filtered (seccomp), as in containers.
pub fn is_filtered() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line == "Seccomp:\t2")
}

/// The kernel's name for Rust's `target_arch`, as in libbpf's `__TARGET_ARCH_<arch>`.
pub fn kernel_arch(target_arch: &str) -> &str {
    match target_arch {
        "x86_64" | "x86" => "x86",
        "aarch64" => "arm64",
        "loongarch64" => "loongarch",
        "mips64" => "mips",
        "powerpc64" => "powerpc",
        "riscv64" => "riscv",
        "s390x" => "s390",
        "sparc64" => "sparc",
        other => other,
    }
}

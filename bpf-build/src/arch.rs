//! The one table of architectures; xtask, which can not link this crate, includes the file.

/// The kernel's name for Rust's `target_arch`, as libbpf's `__TARGET_ARCH_<arch>` has it.
pub(crate) fn kernel_arch(target_arch: &str) -> &str {
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

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

/// The distribution and its version, `ID` and `VERSION_ID` in os-release: `debian` and `12`. Empty
/// where it has none.
pub fn distribution() -> (String, String) {
    let files = ["/etc/os-release", "/usr/lib/os-release"];
    let text = files.iter().find_map(|file| fs::read_to_string(file).ok());
    let text = text.unwrap_or_default();
    (value(&text, "ID"), value(&text, "VERSION_ID"))
}

/// The value of a variable in os-release, which may be quoted.
fn value(text: &str, name: &str) -> String {
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='));
    let value = value.unwrap_or_default().trim();
    value.trim_matches(['"', '\'']).to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_be_quoted_or_missing() {
        let text = "NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\nID_LIKE='x y'\n";
        let value = |name| value(text, name);
        assert_eq!((&*value("ID"), &*value("VERSION_ID")), ("debian", "12"));
        assert_eq!((&*value("ID_LIKE"), &*value("VERSION")), ("x y", ""));
    }
}

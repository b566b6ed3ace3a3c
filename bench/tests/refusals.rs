//! Errors before anything is built.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

const NOBODY: u32 = 65534;

#[test]
fn without_root_only_the_size_can_be_measured() {
    let folder = tempfile::tempdir().expect("a folder");
    // another user may not be able to reach the folder of the build
    let program = folder.path().join("bench");
    fs::copy(env!("CARGO_BIN_EXE_bpfapps-bench"), &program).expect("a copy");
    fs::set_permissions(
        folder.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .expect("mode");
    for args in [&[][..], &["size", "ready"]] {
        let mut bench = Command::new(&program);
        bench.args(args).env("CARGO", "/nonexistent");
        if fs::metadata("/proc/self").expect("procfs").uid() == 0 {
            bench.uid(NOBODY).gid(NOBODY);
        }
        let seen = bench.output().expect("it runs");
        assert_eq!(seen.status.code(), Some(1), "{seen:?}");
        assert_eq!(
            String::from_utf8_lossy(&seen.stderr),
            "error: not root, but the measured programs load BPF programs\n\
             hint: run as root, or measure only the size: cargo xtask bench size\n"
        );
    }
}

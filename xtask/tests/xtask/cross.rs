//! `--target` and `--arch`: builds for another processor.

use std::fs;

use crate::machine::Machine;

const TRIPLE: &str = "aarch64-unknown-linux-gnu";
const APT: &str =
    "env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends";
/// As `cc` of a machine; it knows every header and library.
const COMPILER: &str = r#"case "$*" in *-print-file-name=*) echo "$DIR/log"; exit;; esac
    while read -r _; do :; done"#;
const RUSTC: &str = r#"case "$*" in "--print target-libdir "*) echo "$DIR/rustlib";; esac"#;

/// Adds what rustup adds.
fn add_library(machine: &Machine) {
    fs::create_dir(machine.path("rustlib")).expect("a folder");
    machine.file("rustlib/libstd-1.rlib", 0o644, "");
}

/// A machine that lacks nothing for arm64.
fn complete(name: &str) -> Machine {
    let machine = Machine::new(name);
    machine.program("aarch64-linux-gnu-gcc", COMPILER);
    machine.program("rustc", RUSTC);
    machine.program(
        "qemu-aarch64",
        "echo \"qemu-aarch64 ${1##*/}\" >> \"$DIR/log\"; exec \"$@\"",
    );
    add_library(&machine);
    machine
}

#[test]
fn another_processor_needs_more() {
    let machine = Machine::new("cross-check");
    machine.manager("apt-get");
    machine.program("rustup", "");
    machine.program("dpkg", "");
    let check = ["setup", "--check", "--target", TRIPLE, "--for"];
    let seen = machine.xtask(&[&check[..], &["dist"]].concat());
    let sudo = machine.root_prefix();
    let own = format!("{sudo}{APT}");
    let foreign =
        format!("{sudo}dpkg --add-architecture arm64 && {sudo}apt-get update && {sudo}{APT}");
    assert_eq!(
        seen.stdout,
        format!(
            "missing: Rust's standard library for arm64, to compile Rust for it: rustup target add {TRIPLE}\n\
             missing: a C compiler for arm64, to compile libbpf for it, and to link: {own} gcc-aarch64-linux-gnu libc6-dev-arm64-cross\n\
             missing: a static C library for arm64, to link a binary that runs anywhere: {own} libc6-dev-arm64-cross\n\
             missing: a static libelf for arm64, to link a binary that runs anywhere: {foreign} libelf-dev:arm64\n\
             missing: a static zlib for arm64, to link a binary that runs anywhere: {foreign} zlib1g-dev:arm64\n\
             missing: QEMU for programs of arm64, to let the binary write its man pages: {own} qemu-user\n"
        )
    );
    assert_eq!((seen.code, machine.log().as_str()), (Some(1), ""));

    let machine = complete("cross-complete");
    let seen = machine.xtask(&[&check[..], &["dist"]].concat());
    assert_eq!(seen.stdout, "nothing is missing\n", "{seen:?}");
    // QEMU of this machine's processor boots no kernel of another one
    let seen = machine.xtask(&[&check[..], &["vm"]].concat());
    assert!(
        seen.stdout
            .starts_with("missing: QEMU, to boot kernels of arm64 in virtual machines: "),
        "{seen:?}"
    );
    let seen = machine.xtask(&["setup", "--target", "mips64-unknown-linux-gnu"]);
    assert_eq!(seen.code, Some(2));
    let known = "one of x86_64-unknown-linux-gnu, aarch64-unknown-linux-gnu";
    assert!(seen.stderr.contains(known), "{seen:?}");
}

#[test]
fn what_is_missing_for_it_is_installed() {
    let machine = complete("cross-install");
    fs::remove_dir_all(machine.path("rustlib")).expect("a folder to remove");
    machine.remove("aarch64-linux-gnu-gcc");
    machine.file(
        "compiler",
        0o755,
        &format!(
            "#!/bin/sh\nDIR='{}'\n{COMPILER}\n",
            machine.path("").display()
        ),
    );
    machine.program("dpkg", "echo \"dpkg $*\" >> \"$DIR/log\"");
    machine.program(
        "apt-get",
        r#"echo "apt-get $*" >> "$DIR/log"
        case "$1" in install) /bin/mv "$DIR/compiler" "$DIR/bin/aarch64-linux-gnu-gcc";; esac"#,
    );
    machine.program(
        "rustup",
        r#"echo "rustup $*" >> "$DIR/log"
        /bin/mkdir "$DIR/rustlib"; : > "$DIR/rustlib/libstd-1.rlib""#,
    );
    let seen = machine.xtask(&["setup", "--for", "dist", "--target", TRIPLE]);
    assert_eq!(seen.stdout, "nothing is missing any more\n", "{seen:?}");
    assert_eq!(
        machine.log(),
        format!(
            "dpkg --print-foreign-architectures\ndpkg --add-architecture arm64\napt-get update\n\
             apt-get install --yes --no-install-recommends gcc-aarch64-linux-gnu \
             libc6-dev-arm64-cross libelf-dev:arm64 zlib1g-dev:arm64\n\
             rustup target add {TRIPLE}\n"
        )
    );
}

#[test]
fn kernels_of_another_processor_have_another_board() {
    let machine = complete("cross-vm");
    machine.program("setpriv", "shift 2; exec \"$@\"");
    machine.program(
        "qemu-system-aarch64",
        r#"echo "qemu $*" >> "$DIR/log"
        echo '{"event":"booted","release":"6.12.118"}'
        echo '{"event":"program","program":"bpfapps-minimal"}'
        echo '{"event":"started","test":"once"}'
        echo '{"event":"passed","test":"once","message":null,"seconds":0.5}'
        echo '{"event":"ended","code":0}'
        echo '{"event":"done","code":0}'
        exec /bin/sleep 60"#,
    );
    machine.cargo(
        r#"echo "cargo $* by $CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER" >> "$DIR/log"
        /bin/cp "$DIR/bin/busybox" "$DIR/bpfapps"
        case "$*" in
            -vV) echo "host: triple";;
            *"--test kernel"*) artifact bpfapps-minimal test "$DIR/bpfapps";;
            *) artifact bpfapps bin "$DIR/bpfapps";;
        esac"#,
    );
    let arm64 = ["vm", "--arch", "arm64"];
    let seen = machine.xtask(&[&arm64[..], &["--accel", "kvm"]].concat());
    assert_eq!(
        seen.stderr,
        "error: this processor can not run kernels of another one\n\
         hint: leave out --accel kvm\n"
    );
    // a bzImage is none of its kernels
    let seen = machine.xtask(&[&arm64[..], &["--image", "log"]].concat());
    assert_eq!(
        seen.stderr,
        "error: log is not a kernel image for arm64 (Image)\n"
    );

    let mut image = vec![0; 0x100];
    image[0x38..0x3c].copy_from_slice(b"ARM\x64");
    image.extend(b"Linux version %s\nLinux version 6.12.118+deb13-cloud-arm64 (x@y) #1 SMP\n");
    fs::write(machine.path("Image"), image).expect("an image");
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    machine.program(
        "apt-get",
        r#"case "$*" in
            *indextargets*) echo 'Debian http://mirror.example.org/debian/ bookworm main';;
            *download*) : > busybox.deb;;
        esac"#,
    );
    machine.program(
        "apt-cache",
        &format!(
            r#"echo "Package: busybox-static"; echo "Version: 1:1.38.0-3"; echo "SHA256: {empty}""#
        ),
    );
    machine.program(
        "dpkg-deb",
        r#"/bin/mkdir -p "$3/etc" "$3/usr/bin"; : > "$3/etc/busybox"; /bin/cp "$DIR/bin/busybox" "$3/usr/bin""#,
    );
    let cache = machine.path("cache");
    let cache = [("XDG_CACHE_HOME", cache.to_str().expect("UTF-8"))];
    let seen = machine.xtask_with(&[&arm64[..], &["--image", "Image"]].concat(), &cache);
    assert!(
        seen.stdout.starts_with("         6.12.118+arm64\n"),
        "{seen:?}"
    );
    assert_eq!(seen.code, Some(0), "{seen:?}");
    let log = machine.log();
    let build = format!(
        "--target {TRIPLE} --message-format=json-render-diagnostics by aarch64-linux-gnu-gcc\n"
    );
    assert_eq!(log.matches(&build).count(), 2, "{log}");
    assert!(log.contains(" -cpu cortex-a76,pmu=off "), "{log}");
    assert!(log.contains(" console=ttyAMA0 "), "{log}");
    assert!(
        log.ends_with(" -device pci-serial,chardev=reported\n"),
        "{log}"
    );
    let initramfs = format!("target/{TRIPLE}/vm/initramfs.cpio");
    assert!(machine.path(&initramfs).exists());
}

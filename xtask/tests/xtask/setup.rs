//! `cargo xtask setup` as a user sees it, on machines that lack something.

use std::path::Path;

use crate::machine::Machine;

const APT: &str =
    "env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends";

#[test]
fn nothing_missing_is_one_line() {
    let machine = Machine::new("complete");
    machine.manager("apt-get");
    let seen = machine.xtask(&["setup"]);
    assert_eq!(
        (seen.code, seen.stdout.as_str()),
        (Some(0), "nothing is missing\n")
    );
    assert_eq!((seen.stderr.as_str(), machine.log().as_str()), ("", ""));
}

#[test]
#[allow(clippy::print_stderr, reason = "a test says why it is skipped")]
fn roots_programs_need_not_be_on_path() {
    if !["ip", "tc"]
        .iter()
        .all(|name| Path::new("/usr/sbin").join(name).exists())
    {
        return eprintln!("skipped: /usr/sbin has no ip or tc");
    }
    let machine = Machine::new("sbin").for_nobody();
    machine.remove("ip");
    machine.remove("tc");
    let seen = machine.xtask(&["setup", "--check"]);
    assert_eq!(seen.stdout, "nothing is missing\n");
}

#[test]
fn check_reports_and_changes_nothing() {
    let machine = Machine::new("check");
    machine.manager("apt-get");
    machine.remove("clang");
    machine.remove_libelf();
    let seen = machine.xtask(&["setup", "--check"]);
    let apt = format!("{}{APT}", machine.root_prefix());
    assert_eq!(
        seen.stdout,
        format!(
            "missing: clang 14 or newer with its BPF target, to compile BPF programs: {apt} clang\n\
             missing: libelf with headers, to let libbpf read BPF objects: {apt} libelf-dev\n"
        )
    );
    assert_eq!((seen.code, seen.stderr.as_str()), (Some(1), ""));
    assert_eq!(machine.log(), "");
    assert!(!machine.path("bin/clang").exists());
}

#[test]
fn what_the_bench_compares_with_is_only_for_the_bench() {
    let machine = Machine::new("bench-tools");
    machine.manager("apt-get");
    let apt = format!("{}{APT}", machine.root_prefix());
    let seen = machine.xtask(&["setup", "--check", "--for", "bench"]);
    let snoops = format!(
        "missing: execsnoop and exitsnoop, to hold bootstrap against them: {apt} libbpf-tools\n"
    );
    // /usr/sbin of the real machine is looked into as well
    let snoops = match Path::new("/usr/sbin/execsnoop").exists() {
        true => "",
        false => &snoops,
    };
    assert_eq!(
        seen.stdout,
        format!("{snoops}missing: bpftrace, to hold bootstrap against it: {apt} bpftrace\n")
    );
    let seen = machine.xtask(&["setup", "--check"]);
    assert_eq!(seen.stdout, "nothing is missing\n");
}

#[test]
fn a_program_of_cargos_is_compiled() {
    let machine = Machine::new("cargo-deny");
    machine.cargo(
        r#"echo "cargo $*" >> "$DIR/log"
        echo '#!/bin/sh' > "$DIR/bin/cargo-deny"; /bin/chmod +x "$DIR/bin/cargo-deny""#,
    );
    let seen = machine.xtask(&["setup", "--for", "deny"]);
    assert_eq!(seen.stdout, "nothing is missing any more\n", "{seen:?}");
    let log = machine.log();
    assert!(
        log.contains("cargo install --locked --debug cargo-deny\n"),
        "{log}"
    );
}

#[test]
fn what_virtual_machines_need_is_installed_with_them() {
    let machine = Machine::new("vm-tools");
    machine.manager("apt-get");
    machine.remove("qemu-system-x86_64");
    // one that needs the machine's libraries would not run in another
    machine.program("busybox", "");
    let seen = machine.xtask(&["setup", "--check"]);
    assert_eq!(seen.stdout, "nothing is missing\n");

    let apt = format!("{}{APT}", machine.root_prefix());
    let seen = machine.xtask(&["setup", "--check", "--for", "vm"]);
    assert_eq!(
        seen.stdout,
        format!(
            "missing: QEMU, to boot kernels in virtual machines: {apt} qemu-system-x86\n\
             missing: a static busybox, to have a shell in virtual machines: {apt} busybox-static\n"
        )
    );
}

#[test]
fn every_manager_installs_without_a_question() {
    for (manager, line, elf) in [
        (
            "dnf",
            "dnf install --assumeyes --setopt=install_weak_deps=False",
            "elfutils-libelf-devel",
        ),
        ("pacman", "pacman --sync --needed --noconfirm", "libelf"),
        (
            "zypper",
            "zypper --non-interactive install --no-recommends",
            "libelf-devel",
        ),
        ("apk", "apk add --update-cache", "elfutils-dev"),
        ("apt-get", APT, "libelf-dev"),
    ] {
        let machine = Machine::new(manager);
        machine.manager(manager);
        machine.remove("clang");
        machine.remove_libelf();
        let seen = machine.xtask(&["setup"]);
        assert_eq!(seen.code, Some(0), "{seen:?}");
        assert_eq!(seen.stdout, "nothing is missing any more\n");

        let prefix = machine.root_prefix();
        let shown = format!("$ {prefix}{line} clang {elf}\ninstalling clang, {elf} …\n");
        assert!(seen.stderr.contains(&shown), "{seen:?}");
        assert!(seen.stderr.contains("… done in 0."), "{seen:?}");
        let run = line.trim_start_matches("env DEBIAN_FRONTEND=noninteractive ");
        assert!(machine.log().contains(&format!("{run} clang {elf}\n")));
    }
}

#[test]
fn apt_fetches_lists_first_and_goes_on_without() {
    let machine = Machine::new("lists");
    machine.manager("apt-get");
    machine.manager("install-only");
    machine.program(
        "apt-get",
        r#"case "$1" in update) echo "E: no release file"; exit 100;; esac
           exec "$DIR/bin/install-only" "$@""#,
    );
    machine.remove("clang");
    let seen = machine.xtask(&["setup", "--for", "build"]);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    let update = format!("$ {}apt-get update\n", machine.root_prefix());
    assert!(seen.stderr.starts_with(&update), "{seen:?}");
    assert!(
        seen.stderr
            .contains("  E: no release file\ngoing on with the package lists")
    );
}

#[test]
fn a_failing_manager_is_quoted() {
    let machine = Machine::new("failing");
    machine.program(
        "apt-get",
        r#"[ "$1" = update ] || { echo "E: disk full" >&2; exit 100; }"#,
    );
    machine.remove("clang");
    let seen = machine.xtask(&["setup"]);
    assert_eq!((seen.code, seen.stdout.as_str()), (Some(1), ""));
    assert!(
        seen.stderr.contains("  E: disk full\nmissing: clang 14"),
        "{seen:?}"
    );
    assert_eq!(seen.stderr.matches("error: ").count(), 1);
    assert!(
        seen.stderr.contains("error: installing clang failed: `"),
        "{seen:?}"
    );
}

#[test]
fn a_manager_that_did_not_help_is_found_out() {
    let machine = Machine::new("useless");
    machine.program("dnf", "");
    machine.remove("clang");
    let seen = machine.xtask(&["setup"]);
    assert_eq!(seen.code, Some(1));
    assert!(
        seen.stderr
            .ends_with("error: still missing: clang 14 or newer with its BPF target\n"),
        "{seen:?}"
    );
}

#[test]
fn without_root_and_sudo_each_thing_is_named() {
    let machine = Machine::new("unprivileged").for_nobody();
    machine.manager("apt-get");
    machine.remove("sudo");
    machine.remove("make");
    machine.remove("clang");
    let seen = machine.xtask(&["setup"]);
    assert_eq!(
        seen.stderr,
        format!(
            "missing: make, to build libbpf: {APT} make\n\
             missing: clang 14 or newer with its BPF target, to compile BPF programs: {APT} clang\n\
             error: cannot install packages: not root, and sudo is not available\n"
        )
    );
    assert_eq!((seen.code, machine.log().as_str()), (Some(1), ""));
}

#[test]
fn without_root_it_goes_through_sudo() {
    let machine = Machine::new("sudo").for_nobody();
    machine.manager("apt-get");
    machine.remove("clang");
    let seen = machine.xtask(&["setup"]);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    assert_eq!(
        machine.log(),
        format!(
            "sudo --non-interactive apt-get update\napt-get update\n\
             sudo --non-interactive {APT} clang\n\
             apt-get install --yes --no-install-recommends clang\n"
        )
    );
}

#[test]
fn an_unknown_system_is_told_what_it_lacks() {
    let machine = Machine::new("unknown");
    machine.remove("clang");
    let seen = machine.xtask(&["setup"]);
    assert_eq!(seen.code, Some(1));
    assert!(
        seen.stderr.starts_with(
            "missing: clang 14 or newer with its BPF target, to compile BPF programs: \
             no package manager here that setup knows (apt-get, dnf, pacman, zypper, apk)\n"
        ),
        "{seen:?}"
    );
}

#[test]
fn parts_of_the_toolchain_come_from_rustup() {
    let machine = Machine::new("rustup");
    machine.remove("cargo-clippy");
    machine.program(
        "rustup",
        r#"echo '#!/bin/sh' > "$DIR/bin/cargo-clippy"; /bin/chmod 755 "$DIR/bin/cargo-clippy""#,
    );
    // building does not need it
    let seen = machine.xtask(&["setup", "--check", "--for", "build"]);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    let seen = machine.xtask(&["setup", "--for", "test"]);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    assert!(
        seen.stderr.starts_with("$ rustup component add clippy\n"),
        "{seen:?}"
    );
}

#[test]
fn a_chosen_clang_is_not_replaced() {
    let machine = Machine::new("chosen");
    machine.manager("apt-get");
    let seen = machine.xtask_with(&["setup"], &[("CLANG", "clang-99")]);
    assert_eq!((seen.code, machine.log().as_str()), (Some(1), ""));
    assert!(
        seen.stderr
            .contains(": CLANG names clang-99, which is not that\nerror: still missing: "),
        "{seen:?}"
    );
}

//! `cargo xtask vm`, with scripted machines.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use crate::machine::{Machine, Seen};

/// Reports built programs: the binary, and the tests of two packages.
const CARGO: &str = r#"echo "cargo $*" >> "$DIR/log"
    built="$DIR/target/triple/release"; /bin/mkdir -p "$built"
    for name in bpfapps minimal bootstrap; do /bin/cp "$DIR/bin/busybox" "$built/$name"; done
    case "$*" in
        -vV) echo "host: triple";;
        *"--test kernel"*) artifact bpfapps-minimal test "$built/minimal"
            artifact bpfapps-bootstrap test "$built/bootstrap";;
        *) artifact bpfapps bin "$built/bpfapps";;
    esac"#;

/// A machine on which QEMU does as `script` says, and a kernel 6.1.192.
fn with_qemu(name: &str, script: &str) -> Machine {
    let machine = Machine::new(name);
    machine.cargo(CARGO);
    machine.program("setpriv", "shift 2; exec \"$@\"");
    machine.program(
        "qemu-system-x86_64",
        &format!(
            r#"echo "qemu $*" >> "$DIR/log"
            case "$*" in *path=*) console="${{*#*path=}}"; console="${{console%%,*}}";; esac
            say() {{ echo "{{\"event\":$1}}"; }}
            program() {{ say "\"program\",\"program\":\"$1\""; }}
            begin() {{ say "\"started\",\"test\":\"$1\""; }}
            end() {{ say "\"$1\",\"test\":\"$2\",\"message\":$3,\"seconds\":0.5"; }}
            {script}"#
        ),
    );
    let mut image = vec![0; 0x600];
    image[0x202..0x206].copy_from_slice(b"HdrS");
    image[0x20e..0x210].copy_from_slice(&0x200_u16.to_le_bytes());
    let stated = b"6.1.0-56-cloud-amd64 (x@y) #1 SMP Debian 6.1.192-2 (2026-11-16)\0";
    image[0x400..0x400 + stated.len()].copy_from_slice(stated);
    std::fs::write(machine.path("bzImage"), image).expect("image");
    machine
}

const GOOD: &str = r#"say '"booted","release":"6.1.0-56-cloud-amd64"'
    program bpfapps-minimal
    begin once; end passed once null
    begin tcx; end skipped tcx '"needs tcx: Linux 6.6"'
    say '"ended","code":0'
    program bpfapps-bootstrap
    begin rows; end passed rows null
    say '"ended","code":0'
    say '"done","code":0'
    exec /bin/sleep 60"#;

fn vm(machine: &Machine, args: &[&str]) -> Seen {
    let image = machine.path("bzImage");
    let image = ["vm", "--image", image.to_str().expect("UTF-8")];
    machine.xtask(&[&image, args].concat())
}

#[test]
fn results_are_a_table_and_reasons_stand_below_it() {
    let machine = with_qemu("vm-good", GOOD);
    let seen = vm(&machine, &[]);
    assert_eq!(
        seen.stdout,
        "         6.1.192\n\
         bpfapps-bootstrap\n  \
           rows        ok\n\
         bpfapps-minimal\n  \
           once        ok\n  \
           tcx    skipped\n\
         passed         2\n\
         failed         0\n\
         skipped        1\n\
         skipped, needs tcx: Linux 6.6:\n  \
           tcx on 6.1.192\n\
         2 passed, 0 failed, 1 skipped\n",
        "{seen:?}"
    );
    assert_eq!(seen.code, Some(0));
    let log = machine.log();
    assert!(
        log.contains("cargo build --workspace --test kernel"),
        "{log}"
    );
    assert!(log.contains("-accel tcg,thread=single -cpu max "), "{log}");
    assert!(machine.path("target/vm/initramfs.cpio").exists());
}

#[test]
fn packages_are_tested_alone() {
    let machine = with_qemu("vm-package", GOOD);
    let seen = vm(&machine, &["-p", "bpfapps-minimal"]);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    let log = machine.log();
    let build = "cargo build --package bpfapps-minimal --package bpfapps --test kernel";
    assert!(log.contains(build), "{log}");
    let initramfs = std::fs::read(machine.path("target/vm/initramfs.cpio")).expect("initramfs");
    let holds = |name: &[u8]| initramfs.windows(name.len()).any(|bytes| bytes == name);
    assert!(holds(b"tests/bpfapps-minimal\0"));
    assert!(!holds(b"tests/bpfapps-bootstrap\0"));
}

#[test]
fn results_are_for_programs_too() {
    let machine = with_qemu("vm-json", GOOD);
    let junit = machine.path("junit.xml");
    let seen = vm(
        &machine,
        &["-o", "json", "--junit", junit.to_str().expect("UTF-8")],
    );
    let document: serde_json::Value = seen.stdout.parse().expect("JSON");
    assert_eq!(document["machines"][0]["release"], "6.1.0-56-cloud-amd64");
    assert_eq!(
        (&document["passed"], &document["skipped"]),
        (&2.into(), &1.into())
    );
    let junit = std::fs::read_to_string(junit).expect("JUnit");
    assert!(
        junit.contains(r#"<testsuite name="Linux 6.1.192" tests="3" failures="0" skipped="1""#),
        "{junit}"
    );
}

#[test]
fn a_failed_test_is_shown_and_not_tried_again() {
    let machine = with_qemu(
        "vm-failed",
        r#"say '"booted","release":"6.1"'
        program bpfapps-minimal
        begin once; end failed once '"no line came"'
        begin next
        echo "[ 2.5] Kernel panic - not syncing: Fatal exception" >> "$console"
        echo "[ 2.6] the last words" >> "$console""#,
    );
    let seen = vm(&machine, &[]);
    assert_eq!(seen.code, Some(1), "{seen:?}");
    assert!(
        seen.stdout
            .contains("\nfailed on 6.1.192: once: no line came\n"),
        "{seen:?}"
    );
    assert!(
        seen.stdout.contains(
            "\nfailed on 6.1.192: next: the kernel panicked: [ 2.5] Kernel panic - not syncing: \
             Fatal exception\n  | [ 2.5] Kernel panic - not syncing: Fatal exception\n  \
             | [ 2.6] the last words\n"
        ),
        "{seen:?}"
    );
    assert!(
        seen.stdout.ends_with("0 passed, 2 failed, 0 skipped\n"),
        "{seen:?}"
    );
    assert_eq!(machine.log().matches("qemu ").count(), 1);
}

#[test]
fn a_machine_that_does_not_boot_is_booted_once_more() {
    let script = format!(r#"if [ ! -e "$DIR/again" ]; then : > "$DIR/again"; exit 1; fi; {GOOD}"#);
    let machine = with_qemu("vm-again", &script);
    let seen = vm(&machine, &[]);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    assert!(
        seen.stderr
            .contains("QEMU ended with exit status: 1\nbooting it once more\n"),
        "{seen:?}"
    );

    let machine = with_qemu("vm-never", "echo 'no such accelerator' >&2; exit 1");
    let seen = vm(&machine, &[]);
    assert_eq!(seen.code, Some(1), "{seen:?}");
    assert!(
        seen.stdout.contains(
            "failed on 6.1.192: (the machine): QEMU ended with exit status: 1\n  \
             | no such accelerator\n"
        ),
        "{seen:?}"
    );
    assert_eq!(machine.log().matches("qemu ").count(), 2);
}

#[test]
fn a_command_has_its_output_and_its_exit_code() {
    for (printed, stdout) in [
        (r"one\ntwo\n", "one\ntwo\n"),
        ("no end", "no end"),
        ("", ""),
    ] {
        let machine = with_qemu(
            "vm-command",
            &format!(
                r#"say '"booted","release":"6.1"'; printf '{printed}\n'; say '"done","code":7'
                exec /bin/sleep 60"#
            ),
        );
        let seen = vm(&machine, &["--", "uname", "-r"]);
        assert_eq!(
            (seen.code, seen.stdout.as_str()),
            (Some(7), stdout),
            "{seen:?}"
        );
        let initramfs = std::fs::read(machine.path("target/vm/initramfs.cpio")).expect("initramfs");
        let initramfs = String::from_utf8_lossy(&initramfs);
        assert!(initramfs.contains("exec 'uname' '-r'\n"));
    }
}

#[test]
fn wrong_input_is_refused_before_anything_is_built() {
    let machine = with_qemu("vm-wrong", GOOD);
    for (args, code, words) in [
        (
            &["--image", "log"][..],
            1,
            "error: log is not a kernel image for x86 (bzImage)\n",
        ),
        (
            &["--image", "none"],
            1,
            "error: failed to read none: No such file",
        ),
        (
            &["--kernel", "six"],
            2,
            "a series such as 6.12, or `latest`",
        ),
        (
            &["--package", "bpfapps-minimum"],
            1,
            "error: no package bpfapps-minimum here has kernel tests: did you mean bpfapps-minimal?\n\
             hint: these have: bpfapps-bootstrap, bpfapps-minimal\n",
        ),
        (
            &["--"],
            1,
            "error: a shell needs a terminal, and this is none\nhint: give a command after --\n",
        ),
        (
            &["--kernel", "6.1"],
            1,
            "error: kernels come from Debian by apt, and there is no apt-get here\n\
             hint: name a kernel of your own: cargo xtask vm --image FILE\n",
        ),
    ] {
        let args = [&["vm"], args].concat();
        let seen = machine.xtask_with(&args, &[("HOME", "/nonexistent")]);
        assert_eq!(seen.code, Some(code), "{seen:?}");
        assert!(seen.stderr.contains(words), "{seen:?}");
    }
    assert_eq!(machine.log(), "");
}

#[test]
fn what_can_not_be_had_may_be_left_out() {
    let machine = with_qemu("vm-available", GOOD);
    let seen = machine.xtask_with(
        &["vm", "--kernel", "6.1", "--if-available"],
        &[("HOME", "/nonexistent")],
    );
    assert_eq!(
        (seen.code, seen.stdout.as_str()),
        (Some(0), "0 passed, 0 failed, 0 skipped\n"),
        "{seen:?}"
    );
    assert!(
        seen.stderr
            .starts_with("left out Linux 6.1: kernels come from Debian by apt"),
        "{seen:?}"
    );
}

#[test]
fn kernels_are_looked_up_and_downloaded_once() {
    let machine = with_qemu("vm-debian", GOOD);
    machine.program(
        "apt-get",
        r#"echo "apt-get $*" >> "$DIR/log"
        case "$*" in
            *indextargets*) echo 'Debian http://mirror.example.org/debian/ bookworm main';;
            *download*) echo 'dlstatus:1:50.0:Retrieving'; : > kernel.deb;;
        esac"#,
    );
    machine.program(
        "apt-cache",
        r#"for patch in 9 192 21; do
            echo "Package: linux-image-6.1.0-$patch-cloud-amd64"; echo "Version: 6.1.$patch-1"
            echo "SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"; echo
        done"#,
    );
    machine.program(
        "dpkg-deb",
        r#"/bin/mkdir -p "$3/boot"; /bin/cp "$DIR/bzImage" "$3/boot/vmlinuz-6.1.0""#,
    );
    let cache = machine.path("cache");
    let cache = [("XDG_CACHE_HOME", cache.to_str().expect("UTF-8"))];
    for _ in 0..2 {
        let seen = machine.xtask_with(&["vm", "--kernel", "6.1"], &cache);
        assert_eq!(seen.code, Some(0), "{seen:?}");
        assert!(seen.stdout.starts_with("         6.1.192\n"), "{seen:?}");
    }
    let log = machine.log();
    assert_eq!(log.matches(" update\n").count(), 1, "{log}");
    let download = " download linux-image-6.1.0-192-cloud-amd64=6.1.192-1\n";
    assert_eq!(log.matches(download).count(), 1, "{log}");

    // the cache is checked each time
    let deb = format!(
        "cache/bpfapps/kernels/{}.deb",
        "linux-image-6.1.0-192-cloud-amd64_6.1.192-1"
    );
    std::fs::write(machine.path(&deb), "another").expect("a package");
    let seen = machine.xtask_with(&["vm", "--kernel", "6.1"], &cache);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    assert_eq!(machine.log().matches(download).count(), 2, "{seen:?}");
    let folder = machine.path("cache/bpfapps");
    std::fs::set_permissions(&folder, Permissions::from_mode(0o777)).expect("a mode");
    let seen = machine.xtask_with(&["vm", "--kernel", "6.1"], &cache);
    let shown = folder.display();
    assert_eq!(
        (seen.code, seen.stderr),
        (
            Some(1),
            format!(
                "error: {shown} has kernels to boot, but another user owns it or can write to it\n\
                 hint: remove it; it is created again: rm -r {shown}\n"
            )
        )
    );
    std::fs::set_permissions(&folder, Permissions::from_mode(0o700)).expect("a mode");

    let seen = machine.xtask_with(&["vm", "--kernel", "5.15"], &cache);
    assert_eq!(seen.code, Some(1));
    assert_eq!(
        seen.stderr,
        "error: the archive has no Linux 5.15\n\
         hint: it has 6.1; any other one is welcome with --image FILE\n"
    );
}

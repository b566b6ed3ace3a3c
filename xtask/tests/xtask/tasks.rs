//! The other tasks, with a scripted cargo.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::machine::Machine;

const BUILT: &str = r#"echo "cargo $*" >> "$DIR/log"
    echo 'no message'
    artifact bpfapps bin "$DIR/bin/bpfapps"
    echo '{"reason":"build-finished","success":true}'"#;

#[test]
fn run_hands_everything_after_the_name_to_the_app() {
    let machine = Machine::new("run");
    machine.cargo(BUILT);
    machine.program("bpfapps", r#"echo "app: $*"; exit 7"#);
    let seen = machine.xtask(&["run", "--release", "bootstrap", "-d", "100", "--release"]);
    assert_eq!(seen.stdout, "app: bootstrap -d 100 --release\n", "{seen:?}");
    assert_eq!(seen.code, Some(7));
    assert!(
        machine
            .log()
            .starts_with("cargo build --package bpfapps --release --message")
    );
}

#[test]
fn run_builds_as_the_user_and_runs_through_sudo() {
    let machine = Machine::new("run-sudo").for_nobody();
    machine.cargo(BUILT);
    machine.program("bpfapps", "");
    let seen = machine.xtask(&["run", "minimal", "--once"]);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    let log = machine.log();
    let lines: Vec<_> = log.lines().collect();
    // the password, if one is needed, is not asked for after the build
    assert_eq!(lines[0], "sudo --non-interactive --validate");
    assert!(
        lines[1].starts_with("cargo build --package bpfapps"),
        "{log}"
    );
    let app = machine.path("bin/bpfapps");
    assert_eq!(
        lines[2],
        format!(
            "sudo --non-interactive --preserve-env=BPFAPPS_LOG,BPFAPPS_UNPINNED,BPFAPPS_XTASK,BPFAPPS_CONFIG -- {} minimal --once",
            app.display()
        )
    );
}

#[test]
fn the_binary_is_called_what_the_repository_is_called() {
    let machine = Machine::new("named").for_nobody();
    machine.member("cli", "my-tool");
    machine.cargo(
        r#"echo "cargo $*" >> "$DIR/log"
        artifact my-tool bin "$DIR/bin/my-tool""#,
    );
    machine.program("my-tool", "");
    let seen = machine.xtask(&["run", "opens"]);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    let log = machine.log();
    assert!(
        log.contains("\ncargo build --package my-tool --message"),
        "{log}"
    );
    let sudo = "\nsudo --non-interactive --preserve-env=BPFAPPS_LOG,BPFAPPS_UNPINNED,BPFAPPS_XTASK,MY_TOOL_CONFIG -- ";
    assert!(log.contains(sudo), "{log}");

    machine.cargo("exit 101");
    let seen = machine.xtask(&["run", "opens"]);
    assert_eq!(seen.stderr, "error: failed to build my-tool\n");
}

#[test]
fn run_without_sudo_says_so_before_it_builds() {
    let machine = Machine::new("run-alone").for_nobody();
    machine.cargo(BUILT);
    let program = machine.path("target/release/bpfapps");
    let hint = format!(
        "hint: build it, and run it as root: cargo build --package bpfapps --release && \
         su -c '{} minimal -n 1'\n",
        program.display()
    );
    let args = ["run", "--release", "minimal", "-n", "1"];
    machine.program("sudo", "echo 'sudo: a password is required' >&2; exit 1");
    let seen = machine.xtask(&args);
    assert_eq!(seen.code, Some(1));
    assert_eq!(
        seen.stderr,
        format!("sudo: a password is required\nerror: not root, and sudo refuses\n{hint}")
    );
    machine.remove("sudo");
    let seen = machine.xtask(&args);
    assert_eq!(seen.code, Some(1));
    assert_eq!(
        seen.stderr,
        format!("error: not root, and sudo is not available\n{hint}")
    );
    assert_eq!(machine.log(), "");
}

#[test]
fn who_can_not_build_here_is_told_whose_it_is() {
    let machine = Machine::new("run-elses").for_nobody();
    machine.cargo(BUILT);
    fs::set_permissions(machine.path("target"), fs::Permissions::from_mode(0o555)).expect("mode");
    let seen = machine.xtask(&["run", "minimal"]);
    assert_eq!(seen.code, Some(1));
    let target = machine.path("target").display().to_string();
    assert!(
        seen.stderr
            .contains(&format!(" can not build in {target}: {target} belongs to ")),
        "{seen:?}"
    );
    assert!(
        seen.stderr
            .contains("\nhint: build elsewhere: export CARGO_TARGET_DIR="),
        "{seen:?}"
    );
    assert_eq!(machine.log(), "");
}

#[test]
fn a_space_in_the_path_is_found_before_the_build() {
    let machine = Machine::new("run in space");
    machine.cargo(BUILT);
    for args in [&["run", "minimal"][..], &["test"], &["dev", "minimal"]] {
        let seen = machine.xtask(args);
        assert_eq!(seen.code, Some(1));
        assert_eq!(
            seen.stderr,
            format!(
                "error: the Makefile of libbpf can not build in `{}`: ' ' in a path\n\
                 hint: build elsewhere: export CARGO_TARGET_DIR=\"$HOME/bpfapps-target\", and run \
                 this again\n",
                machine.path("target").display()
            )
        );
    }
    assert_eq!(machine.log(), "");
}

#[test]
fn run_stops_where_the_build_does() {
    let machine = Machine::new("run-broken");
    machine.cargo("echo 'error[E0308]: mismatched types' >&2; exit 101");
    let seen = machine.xtask(&["run", "minimal"]);
    assert_eq!(seen.code, Some(1));
    assert_eq!(
        seen.stderr,
        "error[E0308]: mismatched types\nerror: failed to build bpfapps\n"
    );
}

#[test]
fn a_code_is_explained_while_nothing_builds() {
    let machine = Machine::new("explain");
    machine.cargo("exit 101");
    let page = machine.xtask(&["explain", "BPF0072"]);
    assert_eq!(page.code, Some(0), "{page:?}");
    assert!(page.stdout.starts_with("# BPF0072: "), "{page:?}");
    let all = machine.xtask(&["explain"]);
    assert!(all.stdout.starts_with("BPF0001  a pointer "), "{all:?}");
}

#[test]
fn dev_knows_which_apps_there_are() {
    let machine = Machine::new("dev-unknown");
    let seen = machine.xtask(&["dev", "open", "--all"]);
    assert_eq!(seen.code, Some(1));
    assert_eq!(
        seen.stderr,
        "error: there is no app open: did you mean opens?\n\
         hint: there are kills, minimal, opens; another one: cargo xtask new\n"
    );
}

/// Ctrl-C comes from the app here, so that it comes at a known time.
#[test]
fn dev_ends_what_it_started_before_itself() {
    let machine = Machine::new("dev-ends");
    fs::create_dir_all(machine.path("apps/opens")).expect("a folder");
    machine.cargo(
        r#"case $1 in
        tree) echo "bpfapps-opens v0.1.0 ($DIR/apps/opens)";;
        build) artifact bpfapps bin "$DIR/bin/bpfapps";;
        esac"#,
    );
    // it does nothing about a signal of its own
    machine.program(
        "bpfapps",
        "echo \"$$ $*\"; kill -INT $PPID; exec /bin/sleep 600",
    );
    let seen = machine.xtask(&["dev", "opens", "--all", "--", "true", "--", "x"]);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    let (pid, args) = seen.stdout.split_once(' ').expect("a row");
    assert_eq!(args, "opens --all -- true -- x\n");
    assert!(!Path::new("/proc").join(pid).exists(), "it still runs");
    assert!(!seen.stderr.contains("has not ended"), "{seen:?}");
    let left = fs::read_dir(machine.path("bin")).expect("a folder");
    let mut names = left.map(|entry| entry.expect("an entry").file_name());
    assert!(!names.any(|name| name.to_string_lossy().starts_with("dev-")));
}

#[test]
fn test_adds_up_and_closes_with_one_line() {
    let machine = Machine::new("test");
    machine.cargo(
        r#"echo "cargo $*" >> "$DIR/log"
        [ "$1" = test ] || exit 0
        echo 'test rows ... ok'
        echo 'test storm ... ignored, needs root'
        echo 'test result: ok. 1 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out'
        echo 'test ring ... ignored (needs root)'
        echo 'test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out'"#,
    );
    let seen = machine.xtask(&["test", "--", "--package", "x"]);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    assert!(
        seen.stdout
            .ends_with("left out 2: needs root\n  storm\n  ring\n9 passed, 0 failed, 2 skipped\n"),
        "{seen:?}"
    );
    assert!(seen.stdout.starts_with("test rows ... ok\n"));
    assert_eq!(
        machine.log(),
        "cargo fmt --check -- --color never\n\
         cargo clippy --workspace --all-targets -- -D warnings\n\
         cargo doc --workspace --no-deps\n\
         cargo test --workspace --no-fail-fast --package x\n"
    );
}

#[test]
fn test_goes_on_after_a_failure_and_reports_them_all() {
    let machine = Machine::new("test-failing");
    machine.cargo(
        r#"echo "cargo $1" >> "$DIR/log"
        case "$1" in
            fmt) echo "Diff in lib.rs"; exit 1;;
            test) echo "error: could not compile" >&2; exit 101;;
        esac"#,
    );
    // with arguments the templates are left out
    let seen = machine.xtask(&["test", "--", "--workspace"]);
    assert_eq!(seen.code, Some(1));
    assert!(seen.stderr.contains("\nDiff in lib.rs\n"), "{seen:?}");
    assert!(
        seen.stderr.ends_with("error: failed: rustfmt, tests\n"),
        "{seen:?}"
    );
    assert_eq!(seen.stdout, "3 passed, 2 failed, 0 skipped\n");
    assert_eq!(
        machine.log(),
        "cargo fmt\ncargo clippy\ncargo doc\ncargo test\n"
    );
}

#[test]
fn dist_names_the_apps_there_are() {
    let machine = Machine::new("dist");
    let seen = machine.xtask(&["dist", "--app", "bootstrip"]);
    assert_eq!(seen.code, Some(1));
    assert_eq!(
        seen.stderr,
        "error: there is no app bootstrip\n\
         hint: there are kills, minimal, opens; another one: cargo xtask new\n"
    );
}

#[test]
fn bench_is_a_package_of_its_own_where_there_is_one() {
    let machine = Machine::new("bench");
    machine.cargo(BUILT);
    let seen = machine.xtask(&["bench", "size"]);
    assert_eq!(seen.code, Some(1), "{seen:?}");
    assert!(
        seen.stderr
            .starts_with("error: there is nothing to measure here"),
        "{seen:?}"
    );
    assert_eq!(machine.log(), "");

    machine.member("bench", "bpfapps-bench");
    machine.xtask(&["bench", "--events", "9", "--help"]);
    assert_eq!(
        machine.log(),
        "cargo run --package bpfapps-bench -- --events 9 --help\n"
    );
}

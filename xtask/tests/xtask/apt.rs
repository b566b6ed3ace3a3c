//! `cargo xtask setup` where another program has apt's locks.

use std::io::{BufRead as _, BufReader};
use std::process::{self, Command, Stdio};

use crate::machine::Machine;

/// An apt-get that is locked while the process lives whose id is in `busy`, in apt's words.
const LOCKED: &str = r#"read -r holder < "$DIR/busy"
    if [ -e "/proc/$holder" ]; then
        echo "E: Could not get lock /var/lib/$1. It is held by process $holder (sleep)"
        exit 100
    fi
    exec "$DIR/bin/installs" "$@""#;

#[test]
fn who_else_installs_is_named_and_waited_for() {
    let machine = Machine::new("locked");
    machine.manager("installs");
    machine.program("apt-get", LOCKED);
    machine.remove("clang");
    let mut other = Command::new("sleep").arg("600").spawn().expect("sleep");
    machine.file("busy", 0o644, &format!("{}\n", other.id()));
    let mut setup = machine.command(&["setup", "--for", "build"]);
    setup.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut setup = setup.spawn().expect("xtask");
    let mut lines = BufReader::new(setup.stderr.take().expect("a pipe")).lines();
    let waits = format!("waiting for sleep (pid {}), which uses apt", other.id());
    // it prints nothing more until the other process has ended
    assert!(lines.any(|line| line.expect("a line") == waits), "{waits}");
    other.kill().and_then(|()| other.wait()).expect("its end");
    let rest: Vec<_> = lines.map(|line| line.expect("a line")).collect();
    assert!(setup.wait().expect("its end").success(), "{rest:?}");
    assert!(!rest.contains(&waits), "{rest:?}");
    assert_eq!(
        machine.log(),
        "installs update\ninstalls install --yes --no-install-recommends clang\n"
    );
}

#[test]
fn at_last_it_gives_up_with_the_command_to_repeat() {
    let machine = Machine::new("locked-for-good");
    machine.program("apt-get", LOCKED);
    machine.remove("clang");
    machine.file("busy", 0o644, &format!("{}\n", process::id()));
    let seen = machine.xtask(&["setup", "--for", "build", "--wait", "1"]);
    assert_eq!(seen.code, Some(1), "{seen:?}");
    let holder = format!("sleep (pid {})", process::id());
    assert_eq!(seen.stderr.matches("waiting for ").count(), 1, "{seen:?}");
    let end = format!(
        "error: updating the package lists failed: {holder} uses apt\n\
         hint: when it has ended, repeat: cargo xtask setup --for build --wait 1\n"
    );
    assert!(seen.stderr.ends_with(&end), "{seen:?}");
}

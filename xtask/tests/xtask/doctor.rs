//! `cargo xtask doctor` as a user sees it, on machines that lack something.

use crate::machine::Machine;

#[test]
fn what_is_missing_to_build_is_named_with_what_brings_it() {
    let machine = Machine::new("doctor");
    machine.manager("apt-get");
    machine.remove("clang");
    machine.remove_libelf();
    // needed for tests only
    machine.remove("clang-format");
    let seen = machine.xtask(&["doctor"]);
    assert_eq!(seen.code, Some(1), "{seen:?}");
    let lines: Vec<_> = seen.stdout.lines().collect();
    let after = |start: &str| {
        let at = lines.iter().position(|line| line.starts_with(start));
        let at = at.unwrap_or_else(|| panic!("no {start}: {seen:?}"));
        lines[at..].iter().take(3).copied().collect::<Vec<_>>()
    };
    let clang = after("fail  building: clang 14 or newer with its BPF target");
    assert_eq!(clang[1], "      cause: missing, to compile BPF programs");
    assert!(
        clang[2].starts_with("        fix: ") && clang[2].ends_with(" clang"),
        "{seen:?}"
    );
    let libelf = after("fail  building: libelf with headers");
    assert!(libelf[2].ends_with(" libelf-dev"), "{seen:?}");
    let failures = lines.iter().filter(|line| line.starts_with("fail"));
    assert_eq!(failures.count(), 2, "{seen:?}");
    after("ok    building: make");
    assert!(
        seen.stderr
            .contains("run cargo xtask setup to install what is missing"),
        "{seen:?}"
    );
    // nothing was installed, and nothing built
    assert_eq!(machine.log(), "");
}

//! `-- COMMAND`: run, traced, and ended with.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bpfapps_testkit::loaded::{loaded, nothing_left};
use bpfapps_testkit::{Exit, Process, Test, cli, fixture, test, while_testing};
use nix::sys::signal::Signal;

use crate::losses::told_as_lost;
use crate::storm::rows;

pub(crate) const TESTS: &[Test] = &[
    test!(threads_that_exit_together_are_one_exit),
    test!(command_is_traced_with_its_children_and_nobody_else),
    test!(exit_code_is_that_of_the_command),
    test!(signal_is_handed_on_to_the_command),
    test!(command_runs_as_who_called_sudo),
    test!(command_does_not_run_where_sudo_is_unclear),
];

/// `bpfapps procs <args> -- sh -c <script>`, to its end.
fn run(args: &[&str], script: &str) -> Result<Exit> {
    Process::run(&mut cli(["procs"]
        .iter()
        .chain(args)
        .chain(&["--", "sh", "-c", script])
        .copied()))
}

fn command_is_traced_with_its_children_and_nobody_else() -> Result<()> {
    let other = Process::start(fixture("fork_many")?.args(["other", "1000000"]))?;
    // a child of a child, one whose parent does not wait for it, and one that only forks
    let exit = run(
        &[],
        "sh -c 'true; exit 2'; (exit 6); setsid sh -c 'exit 9'; exit 5",
    )?;
    drop(other);
    let exit = exit.expect_code(5)?;
    let rows = rows(&exit);
    let codes: Vec<_> = rows.iter().filter(|row| row.event == "EXIT").collect();
    let codes: Vec<_> = codes.iter().map(|row| &row.rest[..3]).collect();
    ensure!(
        codes == ["[0]", "[2]", "[6]", "[9]", "[5]"] || codes == ["[2]", "[6]", "[9]", "[5]"],
        "{rows:#?}"
    );
    ensure!(
        rows[0].event == "EXEC" && rows[0].rest == "/usr/bin/sh",
        "{rows:#?}"
    );
    let known: Vec<_> = rows.iter().map(|row| row.pid).collect();
    let strangers = rows[1..]
        .iter()
        .filter(|row| !known.contains(&row.ppid) && row.ppid != 1);
    ensure!(strangers.count() <= 1, "{rows:#?}");
    Ok(())
}

fn exit_code_is_that_of_the_command() -> Result<()> {
    let before = loaded();
    run(&[], "exit 0")?.expect_code(0)?;
    run(&["-n", "1"], "sleep 0.2; exit 8")?.expect_code(8)?;
    run(&["--timeout", "0.1"], "sleep 0.3; exit 9")?.expect_code(9)?;
    run(&[], "kill -TERM $$")?.expect_code(128 + 15)?;
    run(&["--failed-only"], "exit 4")?.expect_code(4)?;
    let exit = Process::run(&mut cli(["procs", "--", "/nonexistent"]))?.expect_code(1)?;
    exit.expect_stderr("error: failed to run /nonexistent: No such file or directory")?;
    nothing_left(&before)
}

fn signal_is_handed_on_to_the_command() -> Result<()> {
    let waits = while_testing("sleep 0.01");
    let script = format!("trap 'exit 3' TERM; echo waits; {waits}");
    let mut procs = Process::start(&mut cli([
        "procs", "--comm", "none", "--", "sh", "-c", &script,
    ]))?;
    procs.line(|line| line == "waits")?;
    procs.signal(Signal::SIGTERM)?;
    procs.wait()?.expect_code(3)?;

    // one that does not want to end is left alone
    let mut command = cli(["procs", "--comm", "none", "--", "sh", "-c"]);
    command.arg(r#"trap "" INT; echo $$; exec sleep 20"#);
    let mut procs = Process::start(&mut command)?;
    let pid = procs.line(|line| line.parse::<i32>().is_ok())?;
    let sent = Instant::now();
    procs.signal(Signal::SIGINT)?;
    // it holds the pipes of the output, so their end is not waited for
    while fs::read_to_string(format!("/proc/{}/stat", procs.pid()))
        .is_ok_and(|stat| !stat.contains(") Z "))
    {
        ensure!(sent.elapsed() < Duration::from_secs(1), "it still runs");
        std::thread::sleep(Duration::from_millis(5));
    }
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid.parse()?), Signal::SIGKILL)?;
    procs.wait()?.expect_code(128 + 2)?;
    Ok(())
}

fn command_runs_as_who_called_sudo() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let seen = folder.path().join("seen");
    fs::set_permissions(
        folder.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o777),
    )?;
    let script = format!(
        "{{ id -u; id -g; echo $HOME; cat /proc/self/status | grep -E '^(CapEff|NoNewPrivs|SigBlk)'; }} > {}",
        seen.display()
    );
    let mut command = cli(["procs", "--comm", "none", "--", "sh", "-c", &script]);
    command
        .env("SUDO_UID", "65534")
        .env("SUDO_GID", "65534")
        .env("SUDO_USER", "nobody");
    Process::run(&mut command)?.expect_code(0)?;
    let lines = fs::read_to_string(&seen)?;
    let nobody = "65534\n65534\n/nonexistent\nSigBlk:\t0000000000000000\nCapEff:\t0000000000000000\nNoNewPrivs:\t0\n";
    ensure!(lines == nobody, "{lines}");

    // without sudo the command keeps the caller's privileges
    fs::remove_file(&seen)?;
    for variable in ["SUDO_UID", "SUDO_GID", "SUDO_USER"] {
        command.env_remove(variable);
    }
    Process::run(&mut command)?.expect_code(0)?;
    let lines = fs::read_to_string(&seen)?;
    let own = fs::read_to_string("/proc/self/status")?;
    let own = own
        .lines()
        .find(|line| line.starts_with("CapEff"))
        .context("CapEff")?;
    ensure!(
        lines.starts_with("0\n0\n") && lines.contains(own),
        "{lines}"
    );
    Ok(())
}

fn command_does_not_run_where_sudo_is_unclear() -> Result<()> {
    let nobody = [Some("nobody"), Some("65534"), Some("65534")];
    let unclear = [
        [Some("nobody"), Some("abc"), Some("65534")],
        [Some("nobody"), Some("-1"), Some("65534")],
        [Some("nobody"), Some(""), Some("65534")],
        [Some("nobody"), Some("0"), Some("65534")],
        [Some("nobody"), Some("54321"), Some("65534")],
        [Some("nobody"), Some("65534"), Some("0")],
        [Some("root"), Some("65534"), Some("65534")],
        [Some("\x1b[2J"), Some("65534"), Some("65534")],
        [Some("nobody"), None, Some("65534")],
        [None, Some("65534"), Some("65534")],
        [Some("nobody"), Some("65534"), None],
    ];
    let run = |values: [Option<&str>; 3]| {
        let mut command = cli(["procs", "--comm", "none", "--", "id", "-u"]);
        for (variable, value) in ["SUDO_USER", "SUDO_UID", "SUDO_GID"].iter().zip(values) {
            if let Some(value) = value {
                command.env(variable, value);
            }
        }
        Process::run(&mut command)
    };
    let ids = |exit: &Exit| {
        exit.stdout
            .iter()
            .filter(|line| line.parse::<u32>().is_ok())
            .count()
    };
    let exit = run(nobody)?.expect_code(0)?;
    ensure!(exit.stdout.iter().any(|line| line == "65534"), "{exit:?}");
    for values in unclear {
        let exit = run(values)?.expect_code(1)?;
        let exit =
            exit.expect_stderr(" are not one user of /etc/passwd and a group of theirs: ")?;
        ensure!(ids(&exit) == 0, "{values:?}: it ran: {exit:?}");
        ensure!(!exit.stderr.concat().contains('\x1b'), "{exit:?}");
    }
    Ok(())
}

fn threads_that_exit_together_are_one_exit() -> Result<()> {
    let mut whole = 0;
    for _ in 0..20 {
        let command = fixture("threads_exit_together")?;
        let mut procs = cli(["procs", "--"]);
        procs.arg(command.get_program());
        procs.envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        let exit = Process::run(&mut procs)?.expect_code(0)?;
        let rows = rows(&exit);
        let events: Vec<_> = rows.iter().map(|row| row.event.as_str()).collect();
        match events[..] {
            ["EXEC", "EXIT"] => whole += 1,
            // a kernel that preempts BPF programs skips some, where many threads leave at once
            ["EXEC"] if told_as_lost(&exit.stderr, "preempted")? > 0 => {}
            _ => bail!("{exit:#?}"),
        }
    }
    ensure!(whole > 10, "only {whole} of 20 had an EXIT");
    Ok(())
}

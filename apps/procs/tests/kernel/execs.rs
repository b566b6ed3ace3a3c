//! Programs that were executed, with arguments, and failed executions.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{Process, Test, fixture, test};
use serde_json::Value;

use crate::documents::{documents, of, run, start as start_json};
use crate::fixtures::Usage;
use crate::row::{row, start};

pub(crate) const TESTS: &[Test] = &[
    test!(arguments_are_those_of_the_new_program),
    test!(many_arguments_are_cut_and_say_so),
    test!(no_arguments_at_all_are_none),
    test!(script_is_shown_with_its_interpreter),
    test!(programs_without_a_path_are_seen),
    test!(failed_execs_have_the_name_of_the_error),
    test!(without_failed_they_are_no_events),
    test!(resources_are_those_of_the_whole_process),
];

/// The exec of `command` as a document.
fn exec(args: &[&str], command: &mut Command) -> Result<Value> {
    let mut procs = start_json(args)?;
    let pid = run(&mut procs, command)?;
    let documents = documents(procs)?;
    // a fixture starts as the test binary
    let execs = of(pid, &documents)
        .into_iter()
        .rfind(|document| document["type"] == "exec");
    execs.cloned().context("no exec")
}

/// A script with this text.
fn script(folder: &tempfile::TempDir, text: &str) -> Result<std::path::PathBuf> {
    let path = folder.path().join("script");
    fs::write(&path, text)?;
    fs::set_permissions(&path, Permissions::from_mode(0o755))?;
    Ok(path)
}

fn arguments_are_those_of_the_new_program() -> Result<()> {
    let hostile = OsStr::from_bytes(b"\x1b[31m\n\xff");
    let args = [
        OsStr::new("a b"),
        OsStr::new(""),
        OsStr::new("\"q\""),
        hostile,
    ];
    let mut procs = start(&["--args"])?;
    let mut child = Command::new("true").arg0("other").args(args).spawn()?;
    let pid = child.id();
    child.wait()?;
    let seen = row(&mut procs, |row| row.pid == pid && row.event == "EXEC")?;
    let expected = r#"/usr/bin/true "a b" "" "\"q\"" \x1b[31m\n\xff"#;
    ensure!(seen.rest == expected, "{seen:?}");

    let seen = exec(
        &["--args"],
        Command::new("true").arg0("other").args(["a b", ""]),
    )?;
    ensure!(
        seen["args"] == serde_json::json!(["other", "a b", ""]),
        "{seen}"
    );
    ensure!(seen["args_cut"] == false, "{seen}");
    let seen = exec(&["--args"], Command::new("true").arg(hostile))?;
    ensure!(
        seen["args_hex"] == serde_json::json!(["74727565", "1b5b33316d0aff"]),
        "{seen}"
    );
    let seen = exec(&[], &mut Command::new("true"))?;
    ensure!(seen.get("args").is_none(), "{seen}");
    Ok(())
}

fn many_arguments_are_cut_and_say_so() -> Result<()> {
    // 2 MB in all, none longer than the kernel allows
    let many = vec!["x".repeat(100_000); 20];
    let seen = exec(&["--args"], Command::new("true").args(&many))?;
    let args = seen["args"].as_array().context("arguments")?;
    ensure!(seen["args_cut"] == true && args.len() == 2, "{seen}");
    let first = args[1].as_str().map(str::len);
    ensure!(first == Some(4096 - "true\0".len()), "{seen}");

    let mut procs = start(&["--args"])?;
    let mut child = Command::new("true").args(&many).spawn()?;
    child.wait()?;
    let row = row(&mut procs, |row| row.pid == child.id())?;
    ensure!(row.rest.ends_with("x …"), "{row:?}");
    Ok(())
}

fn no_arguments_at_all_are_none() -> Result<()> {
    let seen = exec(&["--args"], &mut fixture("exec_without_args")?)?;
    // since Linux 5.18 the kernel adds an empty one
    let args = seen["args"].as_array().context("arguments")?;
    ensure!(args.is_empty() || args == &[""], "{seen}");
    ensure!(
        seen["args_cut"] == false && seen["filename"] == "/bin/true",
        "{seen}"
    );
    Ok(())
}

fn script_is_shown_with_its_interpreter() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = script(&folder, "#!/bin/sh -e\nexit 3\n")?;
    let mut procs = start(&["--args"])?;
    let mut child = Command::new(&path).arg("one").spawn()?;
    child.wait()?;
    let seen = row(&mut procs, |row| row.pid == child.id())?;
    let path = path.to_string_lossy();
    ensure!(
        seen.rest == format!("{path} #!/bin/sh -e {path} one"),
        "{seen:?}"
    );

    let seen = exec(&[], &mut Command::new(path.as_ref()))?;
    ensure!(
        seen["filename"] == path.as_ref() && seen["interpreter"] == "/bin/sh",
        "{seen}"
    );
    Ok(())
}

fn programs_without_a_path_are_seen() -> Result<()> {
    let seen = exec(&[], &mut fixture("exec_memfd")?)?;
    let filename = seen["filename"].as_str().unwrap_or_default();
    ensure!(
        filename.starts_with("/dev/fd/") && seen["exe"] == "/memfd:payload (deleted)",
        "{seen}"
    );
    let seen = exec(&[], &mut fixture("exec_at")?)?;
    let filename = seen["filename"].as_str().unwrap_or_default();
    ensure!(
        filename.starts_with("/dev/fd/") && filename.ends_with("/true"),
        "{seen}"
    );
    Ok(())
}

fn failed_execs_have_the_name_of_the_error() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let empty = script(&folder, "")?;
    let empty = empty.to_str().context("UTF-8")?;
    let failures = [
        ("/nonexistent\x1b[2J", "ENOENT"),
        ("/etc/passwd", "EACCES"),
        (empty, "ENOEXEC"),
    ];
    let paths = failures.map(|(path, _)| path);

    let mut procs = start(&["-x"])?;
    let caller = Process::start(fixture("exec_in_vain")?.args(paths))?;
    for (path, error) in failures {
        let row = row(&mut procs, |row| {
            row.event == "FAIL" && row.pid == caller.pid()
        })?;
        let path = path.replace('\x1b', "\\x1b");
        ensure!(row.rest == format!("{path} [{error}]"), "{row:?}");
    }
    let mut procs = start_json(&["--failed"])?;
    let mut command = fixture("exec_in_vain")?;
    let pid = run(&mut procs, command.args(paths))?;
    let documents = documents(procs)?;
    let failed = of(pid, &documents)
        .into_iter()
        .filter(|seen| seen["type"] == "exec_failed");
    let errors: Vec<_> = failed
        .map(|seen| seen["error"].as_str().unwrap_or(""))
        .collect();
    ensure!(errors == failures.map(|(_, error)| error), "{errors:?}");
    Ok(())
}

fn without_failed_they_are_no_events() -> Result<()> {
    let mut procs = start(&[])?;
    let caller = Process::start(fixture("exec_in_vain")?.arg("/nonexistent"))?;
    let pid = caller.pid();
    caller.wait()?.expect_code(0)?;
    let events = ["EXEC", "EXIT"];
    for event in events {
        let row = row(&mut procs, |row| row.pid == pid)?;
        ensure!(row.event == event, "{row:?}");
    }
    Ok(())
}

fn resources_are_those_of_the_whole_process() -> Result<()> {
    let mut procs = start_json(&[])?;
    let child = fixture("use_up")?.args(["400", "200"]).spawn()?;
    let (pid, Usage { user, system, peak }) = (child.id(), Usage::of(child)?);
    procs.line(|line| line.contains("\"exit\"") && line.contains(&format!("\"pid\":{pid},")))?;
    let documents = documents(procs)?;
    let seen = of(pid, &documents)[1];
    let number = |name: &str| {
        seen[name]
            .as_u64()
            .with_context(|| format!("no {name}: {seen}"))
    };
    let total = number("user_time_ns")? + number("system_time_ns")?;
    let booked = user + system;
    // a tick may not be booked yet
    ensure!(
        booked.abs_diff(total) < 20_000_000 && total >= 380_000_000,
        "{booked}: {seen}"
    );
    ensure!(
        number("user_time_ns")?.abs_diff(user) < booked / 4,
        "{user}: {seen}"
    );
    let shown = number("peak_rss_bytes")?;
    ensure!(
        shown.abs_diff(peak) < peak / 10 && shown > 100 << 20,
        "{peak}: {seen}"
    );
    Ok(())
}

//! `bpfapps verify`, and `bpfapps explain` with the logs that it records.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use bpfapps_refused::{ALL, MADE, Made};
use bpfapps_testkit::{Exit, Process, Test, cli, needs, test};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const TESTS: &[Test] = &[
    test!(rejected_program_is_explained_and_its_log_kept),
    test!(log_is_explained_without_the_kernel),
    test!(function_of_a_struct_ops_is_verified_alone),
    test!(line_of_merged_code_is_found_in_the_source),
    test!(effort_is_shown_and_has_a_budget),
    test!(run_is_compared_with_an_earlier_one),
    test!(nearest_members_of_the_kernels_struct_are_named),
];

fn object(name: &str, folder: &TempDir) -> Result<PathBuf> {
    let case = ALL.iter().find(|case| case.name == name);
    let case = case.with_context(|| format!("there is no {name}"))?;
    let file = folder.path().join(format!("{name}.bpf.o"));
    fs::write(&file, case.object).context("failed to write the object")?;
    Ok(file)
}

/// The rows of `verify --output json`.
fn verify(name: &str, folder: &TempDir) -> Result<Vec<Value>> {
    let mut command = cli(["verify", "--output", "json"]);
    let exit = Process::run(command.arg(object(name, folder)?))?;
    serde_json::from_str(&exit.stdout.join("\n")).context("no JSON")
}

fn rejected_program_is_explained_and_its_log_kept() -> Result<()> {
    let folder = TempDir::new()?;
    let mut command = cli(["verify"]);
    let exit = Process::run(command.arg(object("bpf0001", &folder)?))?.expect_code(1)?;
    exit.expect_stdout("error[BPF0001]: ")?
        .expect_stdout("--> refused/src/bpf/bpf0001.bpf.c:25:2")?
        .expect_stderr("error: handle_enter does not load")?;
    let rows = verify("bpf0001", &folder)?;
    let [row] = &rows[..] else {
        anyhow::bail!("{rows:?}");
    };
    ensure!(
        row["loaded"] == false && row["failure"]["code"] == "BPF0001",
        "{row}"
    );
    ensure!(row["failure"]["line"] == 25, "{row}");
    let log = row["log"].as_str().unwrap_or_default();
    ensure!(
        log.contains("R0 invalid mem access 'map_value_or_null'"),
        "{log}"
    );
    Ok(())
}

fn log_is_explained_without_the_kernel() -> Result<()> {
    let folder = TempDir::new()?;
    let rows = verify("bpf0001", &folder)?;
    let log = folder.path().join("log");
    fs::write(&log, rows[0]["log"].as_str().context("no log")?)?;
    let object = folder.path().join("bpf0001.bpf.o");

    let mut command = cli(["explain", "--log"]);
    let exit = Process::run(command.arg(&log).arg("--object").arg(&object))?.expect_code(0)?;
    exit.expect_stdout("error[BPF0001]: `handle_enter` uses a pointer that may be NULL")?
        .expect_stdout("--> refused/src/bpf/bpf0001.bpf.c:25:2")?
        .expect_stdout("it comes from here and may be NULL")?;

    let mut command = Command::new("sh");
    command.args(["-c", "\"$0\" explain --output json <\"$1\""]);
    command.arg(cli([]).get_program()).arg(&log);
    let exit = Process::run(&mut command)?.expect_code(0)?;
    let finding: Value = serde_json::from_str(&exit.stdout.join("\n"))?;
    ensure!(finding["code"] == "BPF0001", "{finding}");
    ensure!(
        finding["fix"]
            .as_str()
            .is_some_and(|fix| fix.contains("NULL")),
        "{finding}"
    );

    fs::write(&log, "nothing of it\n")?;
    let exit = Process::run(cli(["explain", "--log"]).arg(&log))?.expect_code(1)?;
    exit.expect_stderr("error: there is neither a verifier log nor a known message of libbpf")?;
    Ok(())
}

/// libbpf would load them all, and the first that is refused would end it for the others.
fn function_of_a_struct_ops_is_verified_alone() -> Result<()> {
    let is_it = |made: &&Made| made.kind == "struct-ops" && made.mistake == "record_kept";
    let made = MADE.iter().find(is_it).context("it is not made")?;
    needs::linux(made.kernel, "struct_ops")?;
    let folder = TempDir::new()?;
    let file = folder.path().join("app.bpf.o");
    fs::write(&file, made.object)?;
    let exit = Process::run(cli(["verify", "--output", "json"]).arg(&file))?.expect_code(1)?;
    let rows: Vec<Value> = serde_json::from_str(&exit.stdout.join("\n"))?;
    let loaded = rows.iter().filter(|row| row["loaded"] == true);
    let (loaded, all) = (loaded.count(), rows.len());
    ensure!(all > 2 && loaded == all - 1, "{exit:#?}");
    Ok(())
}

fn line_of_merged_code_is_found_in_the_source() -> Result<()> {
    let folder = TempDir::new()?;
    let case = ALL.iter().find(|case| case.name == "bpf0001_merged");
    let case = case.context("no case")?;
    let object = object(case.name, &folder)?;
    let source = format!("refused/src/bpf/{}.bpf.c", case.name);
    let path = folder.path().join(&source);
    fs::create_dir_all(path.parent().context("it is in a folder")?)?;
    fs::write(&path, case.source)?;
    let mut command = cli(["verify"]);
    let exit = Process::run(command.arg(object).current_dir(folder.path()))?.expect_code(1)?;
    let is_marked = |exit: &Exit, lines: &[usize]| {
        lines.iter().any(|line| {
            let place = format!("--> {source}:{line}:");
            exit.stdout.iter().any(|shown| shown.contains(&place))
        })
    };
    ensure!(is_marked(&exit, &case.lines("source")), "{exit:#?}");

    // a file that has changed since is not the source
    fs::write(&path, format!("\n{}", case.source))?;
    let exit = Process::run(&mut command)?.expect_code(1)?;
    ensure!(is_marked(&exit, &case.lines("here")), "{exit:#?}");
    Ok(())
}

fn effort_is_shown_and_has_a_budget() -> Result<()> {
    let folder = TempDir::new()?;
    let file = folder.path().join("fixed.bpf.o");
    let case = ALL.iter().find(|case| case.name == "bpf0001");
    fs::write(&file, case.context("no case")?.fixed)?;
    let exit = Process::run(cli(["verify", "--budget", "1000"]).arg(&file))?.expect_code(0)?;
    exit.expect_stdout("PROGRAM")?
        .expect_stdout("handle_enter  yes")?;
    let exit = Process::run(cli(["verify", "--budget", "3"]).arg(&file))?.expect_code(1)?;
    exit.expect_stderr("error: handle_enter takes ")?
        .expect_stderr(" instructions, more than 3")?;
    Ok(())
}

fn run_is_compared_with_an_earlier_one() -> Result<()> {
    let folder = TempDir::new()?;
    let file = folder.path().join("bpf0001.bpf.o");
    let case = ALL.iter().find(|case| case.name == "bpf0001");
    let case = case.context("no case")?;
    fs::write(&file, case.fixed)?;
    let exit = Process::run(cli(["verify", "--output", "json"]).arg(&file))?.expect_code(0)?;
    let earlier = folder.path().join("earlier.json");
    fs::write(&earlier, exit.stdout.join("\n"))?;
    let compare = || {
        let mut command = cli(["verify", "--compare"]);
        command.arg(&earlier).arg(&file);
        Process::run(&mut command)
    };
    compare()?.expect_code(0)?;

    // it took a third before
    let mut rows: Vec<Value> = serde_json::from_str(&exit.stdout.join("\n"))?;
    let now = rows[0]["instructions"].as_u64().context("no count")?;
    rows[0]["instructions"] = (now / 3).into();
    fs::write(&earlier, serde_json::to_string(&rows)?)?;
    let exit = compare()?.expect_code(1)?;
    exit.expect_stderr(&format!("takes {now} instructions, and took {}", now / 3))?
        .expect_stdout(&format!("{} -> {now}", now / 3))?;

    // it loads no longer
    fs::write(&earlier, serde_json::to_string(&rows)?)?;
    fs::write(&file, case.object)?;
    compare()?
        .expect_code(1)?
        .expect_stderr("handle_enter does not load")?;
    Ok(())
}

fn nearest_members_of_the_kernels_struct_are_named() -> Result<()> {
    needs::type_named("task_struct")?;
    let folder = TempDir::new()?;
    let mut command = cli(["verify"]);
    let exit = Process::run(command.arg(object("bpf0018_near", &folder)?))?.expect_code(1)?;
    exit.expect_stdout("needs `exit_codes` in `struct task_struct`")?
        .expect_stdout("hint: did you mean exit_code")?
        .expect_stdout(
            "? Otherwise read it only if `bpf_core_field_exists(task->field)` is true",
        )?;
    Ok(())
}

//! Files that the app itself renames.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use bpfapps_core::Capability::{CAP_BPF, CAP_DAC_OVERRIDE, CAP_PERFMON};
use bpfapps_testkit::{Process, Test, cli, lending, many, sandbox, test};
use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::{Folder, Shell, are_all, count, until};

pub(crate) const TESTS: &[Test] = &[
    test!(renamed_files_are_the_whole_stream),
    test!(each_file_begins_with_a_document_or_the_title),
    test!(only_so_many_are_kept),
    test!(compressed_files_are_the_whole_stream),
    test!(what_is_no_file_is_not_compressed),
    test!(next_run_appends),
    test!(what_can_not_be_rotated_is_one_line),
    test!(folder_of_others_is_one_line),
    test!(files_of_others_are_not_renamed_for_the_caller),
];

/// The smallest size of a file.
const SIZE: usize = 64 << 10;

fn renamed_files_are_the_whole_stream() -> Result<()> {
    let processes = many(1600);
    let folder = Folder::of_nobody()?;
    let mut shell = Shell::start()?;
    let args = ["-o", "json", "--rotate", "64K", "--keep", "1000"];
    let procs = shell.traced(&folder.file(), &args)?;
    shell.run(processes)?;
    procs.signal(Signal::SIGINT)?;
    procs.wait()?.expect_code(0)?.expect_no_stderr()?;
    let texts = folder.texts()?;
    ensure!(texts.len() > 1, "{} files", texts.len());
    let largest = texts.iter().map(String::len).max();
    ensure!(largest <= Some(SIZE), "{largest:?} bytes");
    let documents = folder.documents()?;
    ensure!(documents[0]["type"] == "ready", "{}", documents[0]);
    are_all(&documents, processes)
}

fn each_file_begins_with_a_document_or_the_title() -> Result<()> {
    let first_and_more = |format: &str, processes: usize| -> Result<Vec<String>> {
        let folder = Folder::of_nobody()?;
        let mut shell = Shell::start()?;
        let args = ["-o", format, "--rotate", "64K", "--keep", "1000"];
        let procs = shell.traced(&folder.file(), &args)?;
        shell.run(processes)?;
        procs.signal(Signal::SIGINT)?;
        procs.wait()?.expect_code(0)?.expect_no_stderr()?;
        let texts = folder.texts()?;
        ensure!(texts.len() > 1, "{format}: one file");
        Ok(texts)
    };
    for text in first_and_more("yaml", 200)? {
        ensure!(text.starts_with("---\nversion: 1\n"), "{text}");
        ensure!(text.matches("---\n").count() > 1, "{text}");
    }
    let texts = first_and_more("table", 700)?;
    let title = texts[0].lines().next().context("no line")?;
    ensure!(title.starts_with("TIME "), "{title}");
    for text in &texts {
        ensure!(text.lines().next() == Some(title), "{text}");
        ensure!(text.matches(title).count() == 1, "{text}");
    }
    let rows: usize = texts.iter().map(|text| text.lines().count() - 1).sum();
    ensure!(rows == 2 * 700, "{rows} rows");
    Ok(())
}

fn only_so_many_are_kept() -> Result<()> {
    let folder = Folder::of_nobody()?;
    // of an earlier run that kept more, and of somebody else
    for name in ["x.1", "x.2", "x.3", "x.4.gz", "x.bak"] {
        fs::write(folder.0.path().join(name), "")?;
    }
    let mut shell = Shell::start()?;
    let args = ["-o", "json", "--rotate", "64K", "--keep", "2"];
    let procs = shell.traced(&folder.file(), &args)?;
    shell.run(600)?;
    procs.signal(Signal::SIGINT)?;
    procs.wait()?.expect_code(0)?.expect_no_stderr()?;
    let names = folder.names()?;
    ensure!(names == ["x", "x.1", "x.2", "x.bak"], "{names:?}");
    // the newest
    let documents = folder.documents()?;
    let last = documents.last().context("no document")?;
    ensure!(last["type"] == "exit" && count(&documents, "ready") == 0);
    Ok(())
}

fn compressed_files_are_the_whole_stream() -> Result<()> {
    let processes = many(1600);
    let folder = Folder::of_nobody()?;
    let mut shell = Shell::start()?;
    let args = [
        "-o",
        "json",
        "--rotate",
        "64K",
        "--keep",
        "1000",
        "--compress",
    ];
    let procs = shell.traced(&folder.file(), &args)?;
    procs.expect_no_privileges()?;
    let threads = fs::read_dir(format!("/proc/{}/task", procs.pid()))?.count();
    ensure!(
        threads == 2,
        "{threads} threads: is it not the one that compresses?"
    );
    shell.run(processes)?;
    until("all are compressed", || {
        let names = folder.names()?;
        Ok(names.len() > 1
            && names
                .iter()
                .all(|name| name == "x" || name.ends_with(".gz")))
    })?;
    procs.signal(Signal::SIGINT)?;
    procs.wait()?.expect_code(0)?.expect_no_stderr()?;
    let mode = fs::metadata(folder.0.path().join("x.2.gz"))?.permissions();
    let plain = fs::metadata(folder.file())?.permissions();
    ensure!(mode == plain, "{:o} was {:o}", mode.mode(), plain.mode());
    are_all(&folder.documents()?, processes)
}

/// Nor waited for, by the thread or at the end.
fn what_is_no_file_is_not_compressed() -> Result<()> {
    let folder = Folder::of_nobody()?;
    let others = folder.0.path().join("x.1");
    nix::unistd::mkfifo(
        &others,
        nix::sys::stat::Mode::S_IRWXU | nix::sys::stat::Mode::S_IRWXO,
    )?;
    let mut shell = Shell::start()?;
    let args = ["-o", "json", "--rotate", "64K", "--compress"];
    let mut procs = shell.traced(&folder.file(), &args)?;
    procs.says("a file stays as it is until the next one is renamed: failed to compress ")?;
    shell.run(200)?;
    until("the next is compressed", || {
        Ok(folder.0.path().join("x.1.gz").exists())
    })?;
    procs.signal(Signal::SIGINT)?;
    procs.wait()?.expect_code(0)?;
    Ok(())
}

fn next_run_appends() -> Result<()> {
    next_run_appends_with(&["-o", "json", "--rotate", "1M"])?;
    next_run_appends_with(&["-o", "json", "--append"])
}

fn next_run_appends_with(args: &[&str]) -> Result<()> {
    let folder = Folder::of_nobody()?;
    let mut shell = Shell::start()?;
    for _ in 0..2 {
        let procs = shell.traced(&folder.file(), args)?;
        shell.run(10)?;
        procs.signal(Signal::SIGINT)?;
        procs.wait()?.expect_code(0)?.expect_no_stderr()?;
    }
    let documents = folder.documents()?;
    ensure!(count(&documents, "ready") == 2, "{documents:?}");
    are_all(&documents, 20)?;

    // one that was cut off by a power failure
    fs::write(folder.file(), "{\"half")?;
    let procs = shell.traced(&folder.file(), args)?;
    procs.signal(Signal::SIGINT)?;
    procs.wait()?.expect_code(0)?;
    let text = fs::read_to_string(folder.file())?;
    ensure!(text.starts_with("{\"half\n{\"version\":1,"), "{text}");
    Ok(())
}

fn what_can_not_be_rotated_is_one_line() -> Result<()> {
    let folder = Folder::of_nobody()?;
    let link = folder.0.path().join("link");
    symlink(folder.file(), &link)?;
    let fifo = folder.0.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU)?;
    for path in [folder.0.path(), "/dev/null".as_ref(), &fifo] {
        let mut command = cli(["bootstrap", "--rotate", "1M", "--output-file"]);
        let exit = Process::run(command.arg(path))?.expect_code(1)?;
        let expected = format!(
            "error: --rotate needs a regular file, and {} is none",
            path.display()
        );
        ensure!(exit.stderr == [expected], "{exit:#?}");
    }
    let mut command = cli(["bootstrap", "--rotate", "1M", "--output-file"]);
    Process::run(command.arg(&link))?
        .expect_code(1)?
        .expect_stderr("link is a link: name the file that it leads to")?;
    for args in [["--rotate", "1M"], ["--keep", "3"], ["--output-file", "x"]] {
        let more: &[&str] = match args[0] {
            "--output-file" => &["--compress"],
            "--keep" => &["--append"],
            _ => &[],
        };
        let args = ["bootstrap"].into_iter().chain(args);
        Process::run(cli(args).args(more))?
            .expect_code(2)?
            .expect_stderr("error: the following required arguments were not provided:")?;
    }
    Ok(())
}

/// It is known before anything is traced, or the command after `--` runs.
fn folder_of_others_is_one_line() -> Result<()> {
    let folder = TempDir::new()?;
    let mut command = cli(["procs", "--rotate", "1M", "--output-file"]);
    let command = command.arg(folder.path().join("x"));
    let exit = Process::run(command.args(["--", "touch"]).arg(folder.path().join("ran")))?;
    let exit = exit.expect_code(1)?;
    let expected = format!(
        "error: --rotate renames files in {}, and user 65534, as whom the program continues without \
         privileges, may not",
        folder.path().display()
    );
    ensure!(exit.stderr[0] == expected, "{exit:#?}");
    exit.expect_stderr("hint: use a folder of that user: install -d -o 65534 ")?;
    ensure!(
        fs::read_dir(folder.path())?.count() == 0,
        "something is left"
    );

    // with the sticky bit others' files stay where they are
    let folder = TempDir::new()?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o1777))?;
    let file = folder.path().join("x");
    fs::write(&file, "")?;
    let mut command = cli(["bootstrap", "--rotate", "1M", "--output-file"]);
    Process::run(command.arg(&file))?
        .expect_code(1)?
        .expect_stderr("error: --rotate renames files in ")?;
    fs::remove_file(&file)?;
    let mut command = cli([
        "bootstrap",
        "--rotate",
        "1M",
        "--timeout",
        "0.1",
        "--output-file",
    ]);
    Process::run(command.arg(&file))?.expect_code(0)?;
    Ok(())
}

fn files_of_others_are_not_renamed_for_the_caller() -> Result<()> {
    let (folder, program) = lending(&[CAP_BPF, CAP_PERFMON, CAP_DAC_OVERRIDE])?;
    for name in ["x", "x.1", "x.part"] {
        fs::write(folder.path().join(name), "kept")?;
    }
    let file = folder.path().join("x");
    for rotate in [&["--rotate", "64K"][..], &[]] {
        let mut command = Command::new(&program);
        command.args(["bootstrap", "--output-file"]).arg(&file);
        Process::run(&mut sandbox::as_nobody(command.args(rotate))?)?.expect_code(1)?;
    }
    for name in ["x", "x.1", "x.part"] {
        let text = fs::read_to_string(folder.path().join(name))?;
        ensure!(text == "kept", "{name}: {text}");
    }
    Ok(())
}

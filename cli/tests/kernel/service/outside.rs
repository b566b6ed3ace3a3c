//! Files that others rename, remove or truncate: logrotate(8).

use std::fs;

use anyhow::{Result, ensure};
use bpfapps_testkit::{Process, Test, test};
use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::{Folder, Shell, are_all, count, documents, until};

pub(crate) const TESTS: &[Test] = &[
    test!(file_that_others_rename_is_opened_again),
    test!(file_that_others_remove_comes_back_without_events),
    test!(file_that_others_truncate_has_no_hole),
    test!(file_that_can_not_be_opened_again_goes_on),
];

/// As Ctrl-C.
fn end(process: Process) -> Result<bpfapps_testkit::Exit> {
    process.signal(Signal::SIGINT)?;
    process.wait()?.expect_code(0)
}

fn file_that_others_rename_is_opened_again() -> Result<()> {
    let folder = Folder::of_nobody()?;
    let mut shell = Shell::start()?;
    let procs = shell.traced(&folder.file(), &["-o", "json"])?;
    for number in (1..=3).rev() {
        shell.run(100)?;
        fs::rename(folder.file(), folder.0.path().join(format!("x.{number}")))?;
    }
    shell.run(100)?;
    end(procs)?.expect_no_stderr()?;
    let texts = folder.texts()?;
    ensure!(texts.len() == 4, "{} files", texts.len());
    // what was reported before it was renamed stays there
    let each: Vec<_> = texts.iter().map(|text| text.lines().count()).collect();
    ensure!(each.iter().all(|lines| *lines > 50), "{each:?}");
    are_all(&folder.documents()?, 400)
}

fn file_that_others_remove_comes_back_without_events() -> Result<()> {
    let folder = Folder::of_nobody()?;
    let shell = Shell::start()?;
    let procs = shell.traced(&folder.file(), &["-o", "json"])?;
    fs::remove_file(folder.file())?;
    until("it is there", || Ok(folder.file().exists()))?;
    end(procs)?.expect_no_stderr()?;
    ensure!(fs::read_to_string(folder.file())?.is_empty());
    Ok(())
}

/// `copytruncate`.
fn file_that_others_truncate_has_no_hole() -> Result<()> {
    for args in [&["-o", "json"][..], &["-o", "json", "--rotate", "1M"]] {
        let folder = Folder::of_nobody()?;
        let mut shell = Shell::start()?;
        let procs = shell.traced(&folder.file(), args)?;
        shell.run(50)?;
        until("all are in it", || {
            Ok(count(&documents(&fs::read_to_string(folder.file())?)?, "exit") == 50)
        })?;
        fs::copy(folder.file(), folder.0.path().join("x.1"))?;
        fs::OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(folder.file())?;
        shell.run(50)?;
        end(procs)?.expect_no_stderr()?;
        are_all(&folder.documents()?, 100)?;
    }
    Ok(())
}

/// In a folder of root's own.
fn file_that_can_not_be_opened_again_goes_on() -> Result<()> {
    let folder = Folder(TempDir::new()?);
    let mut shell = Shell::start()?;
    let mut procs = shell.traced(&folder.file(), &["-o", "json"])?;
    shell.run(50)?;
    fs::rename(folder.file(), folder.0.path().join("x.1"))?;
    procs.says("x: it was renamed or removed, and events still go there: failed to write to ")?;
    shell.run(50)?;
    // `create 0666` of logrotate
    fs::write(folder.file(), "")?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    fs::set_permissions(folder.file(), mode)?;
    shell.run(50)?;
    let exit = end(procs)?;
    ensure!(exit.stderr.len() == 1, "{exit:#?}");
    let documents = folder.documents()?;
    are_all(&documents, 150)?;
    ensure!(!fs::read_to_string(folder.file())?.is_empty());
    Ok(())
}

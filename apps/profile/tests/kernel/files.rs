//! A file is the old one or the new one, and never a part of one.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use bpfapps_testkit::{Process, Test, cli, fixture, many, test};
use nix::sys::signal::Signal;

use crate::fixtures::{count, profile_split, wait_for_cpu, wait_until_it_samples};
use crate::formats::open_to_all;

pub(crate) const TESTS: &[Test] = &[
    test!(file_is_replaced_at_the_end),
    test!(format_is_by_the_end_of_the_name),
    test!(file_stays_when_the_run_fails),
    test!(file_that_cannot_be_written_is_found_out_first),
];

fn entries(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name()));
    let mut entries: Vec<_> = entries.collect::<Result<Vec<_>>>()?;
    entries.sort();
    let names = entries
        .into_iter()
        .map(|name| name.to_string_lossy().into_owned());
    Ok(names.collect())
}

fn file_is_replaced_at_the_end() -> Result<()> {
    let folder = tempfile::tempdir_in("/tmp")?;
    open_to_all(folder.path())?;
    let file = folder.path().join("it");
    let old = "an old profile that is longer than nothing";
    fs::write(&file, old)?;
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("it", &link)?;

    let split = Process::start(&mut fixture("split")?)?;
    let name = link.to_str().context("UTF-8")?;
    let args = ["profile", "--output-file", name];
    let profile = Process::start(&mut cli(args))?;
    wait_until_it_samples(&profile)?;
    wait_for_cpu(&split, 1.5)?;
    ensure!(
        fs::read_to_string(&file)? == old,
        "it was written before the end"
    );
    profile.signal(Signal::SIGINT)?;
    let exit = profile.wait()?.expect_code(0)?;
    ensure!(exit.stdout.is_empty(), "{exit:#?}");
    let text = fs::read_to_string(&file)?;
    let lines: Vec<_> = text.lines().map(str::to_owned).collect();
    // an emulated machine takes few samples
    ensure!(count(&lines, "spins_seventy")?.0 > 0, "{text}");
    ensure!(
        fs::symlink_metadata(&link)?.is_symlink(),
        "the link was replaced"
    );
    ensure!(
        entries(folder.path())? == ["it", "link"],
        "something is left"
    );
    Ok(())
}

fn file_stays_when_the_run_fails() -> Result<()> {
    let folder = tempfile::tempdir_in("/tmp")?;
    open_to_all(folder.path())?;
    let file = folder.path().join("it");
    fs::write(&file, "old")?;
    let name = file.to_str().context("UTF-8")?;
    let mut command = cli(["profile", "--output-file", name, "--pid", "4194304"]);
    Process::run(&mut command)?.expect_code(1)?;
    let mut command = cli(["profile", "--output-file", name, "--", "/nonexistent"]);
    Process::run(&mut command)?.expect_code(1)?;
    ensure!(fs::read_to_string(&file)? == "old", "it was written");
    ensure!(entries(folder.path())? == ["it"], "something is left");
    Ok(())
}

fn file_that_cannot_be_written_is_found_out_first() -> Result<()> {
    let folder = tempfile::tempdir_in("/tmp")?;
    let name = folder.path().join("it");
    let name = name.to_str().context("UTF-8")?;
    // of root alone
    let exit = Process::run(&mut profile_split(&["--output-file", name], "3600")?)?;
    exit.expect_code(1)?
        .expect_stderr(&format!("error: failed to write to {name}: "))?
        .expect_stderr("hint: the program continues as user 65534")?;
    for (path, what) in [
        ("/nonexistent/it", "No such file or directory"),
        ("/dev/null", "it is not a regular file"),
        ("/proc", "it is not a regular file"),
    ] {
        let exit = Process::run(&mut profile_split(&["--output-file", path], "3600")?)?;
        let exit = exit.expect_code(1)?;
        exit.expect_stderr(&format!("error: failed to write to {path}: {what}"))?;
    }
    Ok(())
}

fn format_is_by_the_end_of_the_name() -> Result<()> {
    let folder = tempfile::tempdir_in("/tmp")?;
    open_to_all(folder.path())?;
    let starts: [(&str, &[u8]); 3] = [
        ("a.svg", b"<?xml"),
        ("a.html", b"<!DOCTYPE html>"),
        ("a.pb.gz", b"\x1f\x8b"),
    ];
    for (name, start) in starts {
        let file = folder.path().join(name);
        let path = file.to_str().context("UTF-8")?;
        let args = ["--hz", "997", "--output-file", path];
        Process::run(&mut profile_split(&args, "0.3")?)?.expect_code(0)?;
        ensure!(fs::read(&file)?.starts_with(start), "{name}");
        // unless another one is wanted
        let args = [&args[..], &["-o", "folded"]].concat();
        Process::run(&mut profile_split(&args, "0.3")?)?.expect_code(0)?;
        let text = fs::read_to_string(&file)?;
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        ensure!(
            count(&lines, "spins_seventy")?.0 > many(10) as u64,
            "{name}: {text}"
        );
    }
    Ok(())
}

//! `cargo xtask test`: formatting, lints, documentation, and every test.

mod tally;

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

use crate::cargo::{cargo, root};
use crate::progress::{self, Step};
use crate::setup::{self, Stage};
use crate::{out, vm};
use tally::Tally;

/// Generated, so nobody formats it.
const VMLINUX: &str = "bpf-build/include/vmlinux/";

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Run the kernel tests on the kernels of `cargo xtask vm` as well
    #[arg(long)]
    vm: bool,
    /// Handed on to cargo test, after `--`
    #[arg(value_name = "ARGS", last = true)]
    args: Vec<OsString>,
}

/// Every check runs, also after one has failed. A check counts as one test, so
/// that the closing line never says `0 failed` about a run that did.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    setup::ensure(Stage::Test)?;

    let mut tally = Tally::default();
    let mut failed = Vec::new();
    for (name, command) in checks()? {
        let ended = progress::watch(name, command)?;
        if ended.status.success() {
            tally.passed += 1;
        } else {
            out::note(ended.output.trim_end());
            tally.failed += 1;
            failed.push(name);
        }
    }

    let already = tally.failed;
    if !cargo_test(&options.args, &mut tally)?.success() {
        failed.push("tests");
        // a test that does not compile, or aborts, has no line to count
        tally.failed = tally.failed.max(already + 1);
    }

    if options.vm {
        match vm::test(&vm::Options::default()) {
            Ok(sum) => {
                tally.passed += sum.passed;
                tally.failed += sum.failed;
                tally.skipped += sum.skipped;
                if sum.failed > 0 {
                    failed.push("tests on other kernels");
                }
            }
            Err(error) => {
                out::failure(&error);
                tally.failed += 1;
                failed.push("tests on other kernels");
            }
        }
    }

    if failed.is_empty() {
        tally.close()?;
        return Ok(ExitCode::SUCCESS);
    }
    out::note(format_args!("error: failed: {}", failed.join(", ")));
    tally.close()?;
    Ok(ExitCode::FAILURE)
}

fn checks() -> Result<[(&'static str, Command); 4]> {
    let mut doc = cargo(["doc", "--workspace", "--no-deps"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    // rustfmt would colour its diff even in a pipe
    let fmt = ["fmt", "--all", "--check", "--", "--color", "never"];
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    Ok([
        ("rustfmt", cargo(fmt)),
        ("clang-format", clang_format()?),
        ("clippy", cargo(clippy)),
        ("rustdoc", doc),
    ])
}

/// Checks the C files that git knows, or that it would take.
fn clang_format() -> Result<Command> {
    let listed = Command::new("git")
        // root may well check what a user has cloned
        .args(["-c", "safe.directory=*"])
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .args(["--", "*.bpf.c", "*.h"])
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .context("failed to run git")?;
    if !listed.status.success() {
        bail!("failed to list C files: git ended with {}", listed.status);
    }
    let mut command = Command::new("clang-format");
    command.args(["--dry-run", "-Werror"]).current_dir(root());
    command.args(
        String::from_utf8_lossy(&listed.stdout)
            .split_terminator('\0')
            // git also lists what is deleted, but not yet for it
            .filter(|file| !file.starts_with(VMLINUX) && root().join(file).exists()),
    );
    Ok(command)
}

/// Runs the tests in sight, reading along.
fn cargo_test(args: &[OsString], tally: &mut Tally) -> Result<ExitStatus> {
    let step = Step::start("cargo test");
    let mut child = cargo(["test", "--workspace", "--no-fail-fast"])
        .args(args)
        .stdout(Stdio::piped())
        .spawn()
        .context("failed to run cargo")?;
    if let Some(stdout) = child.stdout.take() {
        let mut lines = BufReader::new(stdout);
        let mut line = Vec::new();
        while lines
            .read_until(b'\n', &mut line)
            .context("failed to read test output")?
            > 0
        {
            let mut stdout = io::stdout().lock();
            stdout
                .write_all(&line)
                .and_then(|()| stdout.flush())
                .context("failed to write to stdout")?;
            tally.read(&String::from_utf8_lossy(&line));
            line.clear();
        }
    }
    let status = child.wait().context("failed to wait for cargo")?;
    step.end(status);
    Ok(status)
}

//! `cargo xtask test`: formatting, lints, documentation, and every test; then the same for the
//! apps that the templates render.

mod c_files;
mod debian;
mod rules;
mod tally;
pub(crate) mod templates;

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use anyhow::{Context, Result};
use bpfapps_task::Series;

use crate::again;
use bpfapps_task::workspace::root;

use crate::cargo::cargo;
use crate::out;
use crate::progress::{self, Step};
use crate::setup::{self, Stage};
use crate::vm;
use c_files::c_files;
use tally::Tally;
use templates::Rendered;

/// Generated, so not formatted.
const VMLINUX: &str = "bpf-build/include/vmlinux/";

/// Not valid C: the rendered files are checked.
const TEMPLATES: &str = "templates/";

/// Tells the kernel tests which binary to run.
const PROGRAM: &str = "BPFAPPS_BIN";

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Run the kernel tests on the kernels of `cargo xtask vm` as well, or on these of them
    #[arg(
        long,
        value_name = "SERIES",
        value_delimiter = ',',
        num_args = 0..,
        require_equals = true
    )]
    vm: Option<Vec<Series>>,
    /// Test only the app that this template renders
    #[arg(long, value_name = "KIND")]
    template: Option<String>,
    /// Handed on to cargo test, after `--`
    #[arg(value_name = "ARGS", last = true)]
    args: Vec<OsString>,
}

/// Every check runs, also after one has failed. A check counts as one test, so
/// that the closing line never says `0 failed` about a run that did.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if options.vm.is_some() && !vm::IS_HERE {
        return Err(again::with(vm::FEATURE));
    }
    setup::ensure(Stage::Test)?;

    let mut run = Run::default();
    if options.template.is_none() {
        run.checks(checks()?)?;
        rules::hold(&mut run)?;
        let mut tests = cargo(["test", "--workspace", "--no-fail-fast"]);
        // a repository of its own ships nothing that they run
        if templates::are_here()? {
            tests.env("PATH", debian::path()?);
            debian::bring_systemd()?;
        }
        run.tests("tests", tests, &options.args)?;
    }
    // arguments select tests of the workspace, not of templates
    let has_templates = templates::are_here()? && options.args.is_empty();
    if options.template.is_some() || has_templates {
        run.templates(options)?;
    }
    if let Some(series) = &options.vm {
        run.kernels(series);
    }
    run.close()
}

/// The results so far.
#[derive(Default)]
struct Run {
    tally: Tally,
    failed: Vec<&'static str>,
}

impl Run {
    fn checks(&mut self, checks: impl IntoIterator<Item = (&'static str, Command)>) -> Result<()> {
        for (name, command) in checks {
            let ended = progress::watch(name, command)?;
            self.check(name, &ended.output, ended.status.success());
        }
        Ok(())
    }

    fn check(&mut self, name: &'static str, output: &str, passed: bool) {
        if passed {
            self.tally.passed += 1;
        } else {
            out::note(output.trim_end());
            self.tally.failed += 1;
            self.failed.push(name);
        }
    }

    fn tests(&mut self, name: &'static str, command: Command, args: &[OsString]) -> Result<()> {
        let already = self.tally.failed;
        if !cargo_test(command, args, &mut self.tally)?.success() {
            self.failed.push(name);
            // a test that does not compile, or aborts, has no line to count
            self.tally.failed = self.tally.failed.max(already + 1);
        }
        Ok(())
    }

    fn templates(&mut self, options: &Options) -> Result<()> {
        let workspace = Rendered::render(options.template.as_deref())?;
        let fmt = ["fmt", "--check", "--", "--color", "never"];
        self.checks([
            ("rustfmt of templates", workspace.cargo(fmt)),
            ("clang-format of templates", workspace.clang_format()?),
        ])?;
        // a warning of clang's is none of clippy's
        // its tasks are those of this workspace
        let mut clippy = workspace.cargo(["clippy", "--workspace", "--exclude", "xtask"]);
        clippy.args(["--all-targets", "--", "-D", "warnings"]);
        let name = "clippy of templates";
        let clippy = progress::watch(name, clippy)?;
        let clean = clippy.status.success() && !clippy.output.contains("warning: ");
        self.check(name, &clippy.output, clean);

        let build = workspace.cargo(["build", "--package", templates::PACKAGE]);
        self.checks([("build of templates", build)])?;
        // no app has an example in its documentation
        let mut test = workspace.cargo(["test", "--workspace", "--exclude", templates::PACKAGE]);
        test.args(["--exclude", "xtask", "--all-targets", "--no-fail-fast"]);
        test.env(PROGRAM, workspace.program());
        self.tests("tests of templates", test, &options.args)
    }

    /// The kernel tests once more, in virtual machines.
    fn kernels(&mut self, series: &[Series]) {
        let sum = vm::test(&vm::Options::of(series)).unwrap_or_else(|error| {
            out::failure(&error);
            vm::Sum {
                failed: 1,
                ..vm::Sum::default()
            }
        });
        self.tally.passed += sum.passed;
        self.tally.failed += sum.failed;
        self.tally.skipped += sum.skipped;
        if sum.failed > 0 {
            self.failed.push("tests on other kernels");
        }
    }

    fn close(self) -> Result<ExitCode> {
        if self.failed.is_empty() {
            self.tally.close()?;
            return Ok(ExitCode::SUCCESS);
        }
        out::note(format_args!("error: failed: {}", self.failed.join(", ")));
        self.tally.close()?;
        Ok(ExitCode::FAILURE)
    }
}

fn checks() -> Result<[(&'static str, Command); 4]> {
    let mut doc = cargo(["doc", "--workspace", "--no-deps"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    // every member, but no dependency in another folder; in a pipe it would colour its diff, too
    let mut fmt = cargo(["fmt", "--check", "--", "--color", "never"]);
    fmt.current_dir(root()?);
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    Ok([
        ("rustfmt", fmt),
        ("clang-format", clang_format()?),
        ("clippy", cargo(clippy)),
        ("rustdoc", doc),
    ])
}

/// Checks the C files.
fn clang_format() -> Result<Command> {
    let root = root()?;
    let mut command = Command::new("clang-format");
    command
        .args(["--dry-run", "-Werror"])
        .args(c_files(root, &[VMLINUX, TEMPLATES])?)
        .current_dir(root);
    Ok(command)
}

/// Runs the tests in sight, reading along.
fn cargo_test(mut command: Command, args: &[OsString], tally: &mut Tally) -> Result<ExitStatus> {
    let step = Step::start("cargo test");
    let mut child = command
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

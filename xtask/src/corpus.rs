//! `cargo xtask corpus`: what `bpfapps explain` says about the programs of the kernel's own BPF
//! selftests that must not load. Nothing of them comes into the repository.

#[cfg(feature = "vm")]
mod load;
#[cfg(feature = "vm")]
mod objects;
#[cfg(feature = "vm")]
mod report;

#[cfg(feature = "vm")]
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use bpfapps_task::Series;

#[cfg(not(feature = "vm"))]
use crate::again;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The newest kernel of this series, with the selftests of its source
    #[arg(long, value_name = "SERIES", default_value = "latest")]
    kernel: Series,
    /// Keep objects and logs in target/corpus, for --replay
    #[arg(long)]
    keep: bool,
    /// Explain the logs of an earlier run with --keep again
    #[arg(long, conflicts_with = "keep")]
    replay: bool,
    /// List each program with its message and its explanation
    #[arg(long)]
    all: bool,
}

#[cfg(not(feature = "vm"))]
pub(crate) fn run(_: &Options) -> Result<ExitCode> {
    Err(again::with(crate::vm::FEATURE))
}

/// The files of a run, in `target/corpus/SERIES`.
#[cfg(feature = "vm")]
struct Corpus {
    folder: PathBuf,
}

#[cfg(feature = "vm")]
impl Corpus {
    fn objects(&self) -> PathBuf {
        self.folder.join("objects")
    }

    /// What `bpfapps verify` printed for each object.
    fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }

    /// The names of the functions without code of the compiler's, a line each.
    fn naked(&self) -> PathBuf {
        self.folder.join("naked")
    }

    fn remove(&self, what: &Path) -> Result<()> {
        use anyhow::Context as _;
        if what.exists() {
            std::fs::remove_dir_all(what)
                .with_context(|| format!("failed to remove {}", what.display()))?;
        }
        Ok(())
    }
}

#[cfg(feature = "vm")]
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    use bpfapps_task::workspace::Workspace;

    use crate::out;
    use crate::setup::{self, Stage};

    let workspace = Workspace::here()?;
    let Some(own) = workspace.member_in("bpf-build") else {
        return Err(out::hinted(
            "there is no corpus here: it measures the explanations of bpfapps itself",
            "run this in a checkout of bpfapps",
        ));
    };
    let folder = workspace
        .target()
        .join("corpus")
        .join(options.kernel.to_string());
    let corpus = Corpus { folder };
    if !options.replay {
        setup::ensure(Stage::Corpus)?;
        corpus.remove(&corpus.folder)?;
        let include = own
            .manifest_path
            .parent()
            .map(|it| it.as_std_path().join("include"));
        let include = include.unwrap_or_default();
        objects::compile(&corpus, &options.kernel, &include)?;
        load::all(&corpus, &options.kernel)?;
    } else if !corpus.logs().is_dir() {
        return Err(out::hinted(
            format!("there are no logs in {}", corpus.folder.display()),
            format!(
                "record them: cargo xtask corpus --kernel {} --keep",
                options.kernel
            ),
        ));
    }
    report::print(&corpus, options.all)?;
    if !options.keep && !options.replay {
        corpus.remove(&corpus.folder)?;
    }
    Ok(ExitCode::SUCCESS)
}

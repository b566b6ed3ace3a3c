//! Replaces the running version by the next one, and decides which one stays.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::Shared;
use super::binary::{Identity, copy};
use super::version::Version;

/// An app without output counts as ready if it has not failed within this time.
const SILENCE: Duration = Duration::from_secs(5);

/// Folders of the binary on trial, and of the last one that was ready. They are copies, because the
/// next build replaces cargo's file.
const TRIED: &str = "new";
const GOOD: &str = "good";

pub(super) struct Versions {
    /// The name of the processes.
    name: &'static str,
    /// The app and its arguments.
    args: Vec<OsString>,
    shared: Arc<Shared>,
    copies: Option<TempDir>,
    /// The file that was tried last: cargo calls a binary fresh that an editor, or another dev, has
    /// built meanwhile.
    tried: Option<Identity>,
    /// It has failed.
    is_unfit: bool,
    started: u32,
    running: Option<Version>,
    starting: Option<Starting>,
    /// Two can not run at once: the old one ends before the new one starts.
    alone: bool,
}

/// A version that is not ready yet.
struct Starting {
    version: Version,
    binary: &'static str,
    since: Instant,
    start: Instant,
    /// One that ran was ended for it.
    replaces: bool,
}

impl Versions {
    pub(super) fn new(name: &'static str, args: Vec<OsString>, shared: &Arc<Shared>) -> Self {
        Self {
            name,
            args,
            shared: Arc::clone(shared),
            copies: None,
            tried: None,
            is_unfit: false,
            started: 0,
            running: None,
            starting: None,
            alone: false,
        }
    }

    /// Starts what was built, next to what runs.
    pub(super) fn take_over(&mut self, program: &Path, since: Instant) -> Result<()> {
        let opening = || format!("failed to open {}", program.display());
        let mut built = File::open(program).with_context(opening)?;
        let identity = Identity::of(&built.metadata().with_context(opening)?);
        if self.tried.as_ref() == Some(&identity) {
            if !self.is_unfit {
                self.shared.screen.release();
            }
            self.note("nothing to rebuild");
            return Ok(());
        }
        let mut replaces = false;
        if let Some(overtaken) = self.starting.take() {
            replaces = overtaken.replaces;
            overtaken.version.stop()?;
        }
        let copies = match &mut self.copies {
            Some(copies) => copies,
            none => {
                let folder = program.parent().context("no target folder")?;
                let prefix = format!("dev-{}-", self.args[0].display());
                let made = TempDir::with_prefix_in(prefix, folder).and_then(|made| {
                    fs::create_dir(made.path().join(TRIED))?;
                    fs::create_dir(made.path().join(GOOD))?;
                    Ok(made)
                });
                none.insert(made.context("failed to create a folder for copies")?)
            }
        };
        let tried = copies.path().join(TRIED).join(self.name);
        // a running file cannot be written to, so a new file takes its name
        let _ = fs::remove_file(&tried);
        copy(&mut built, &tried)
            .with_context(|| format!("failed to copy {}", program.display()))?;
        self.tried = Some(identity);
        self.is_unfit = false;
        if self.alone {
            replaces |= self.stop_running()?;
        }
        self.start(TRIED, since, replaces)
    }

    fn start(&mut self, binary: &'static str, since: Instant, replaces: bool) -> Result<()> {
        let copies = self.copies.as_ref().context("nothing was built")?;
        self.started += 1;
        let program = copies.path().join(binary).join(self.name);
        let is_second = self.running.is_some();
        let (number, shared) = (self.started, &self.shared);
        let version = Version::start(number, &program, &self.args, is_second, shared)?;
        let start = Instant::now();
        self.starting = Some(Starting {
            version,
            binary,
            since,
            start,
            replaces,
        });
        Ok(())
    }

    /// True if a version runs.
    pub(super) fn any(&self) -> bool {
        self.running.is_some()
    }

    /// How long to wait for the first line of the starting version.
    pub(super) fn patience(&self) -> Option<Duration> {
        let starting = self.starting.as_ref()?;
        Some(SILENCE.saturating_sub(starting.start.elapsed()))
    }

    /// Counts the starting version as ready if it had time to fail.
    pub(super) fn ready_or_slow(&mut self) -> Result<()> {
        match &self.starting {
            Some(starting) if starting.start.elapsed() >= SILENCE => {
                self.ready(starting.version.number)
            }
            _ => Ok(()),
        }
    }

    /// The version with this number works: it replaces the other one.
    pub(super) fn ready(&mut self, number: u32) -> Result<()> {
        let is_meant = |starting: &mut Starting| starting.version.number == number;
        let Some(starting) = self.starting.take_if(is_meant) else {
            return Ok(());
        };
        self.is_good(starting.binary)?;
        starting.version.show();
        if starting.binary == TRIED {
            self.shared.screen.release();
        }
        let took = starting.since.elapsed().as_secs_f64();
        let id = starting.version.id();
        let before = self.running.replace(starting.version);
        let what = match (starting.binary, before.is_some() || starting.replaces) {
            (GOOD, _) => "the last good version runs again".to_owned(),
            (_, true) => format!("the new version runs, {took:.1} s after the change"),
            (_, false) if number == 1 => format!("it runs, {took:.1} s after the start"),
            (_, false) => format!("it runs, {took:.1} s after the change"),
        };
        if let Some(before) = before {
            before.stop()?;
        }
        self.shared.screen.note(format_args!("pid {id}: {what}"));
        Ok(())
    }

    /// The process of that version has ended by itself.
    pub(super) fn gone(&mut self, number: u32) -> Result<()> {
        let is_meant = |starting: &mut Starting| starting.version.number == number;
        if let Some(mut starting) = self.starting.take_if(is_meant) {
            let (status, said) = starting.version.end()?;
            if !status.success() {
                return self.failed(status, &said, &starting);
            }
            // its first line is on the way, or it had nothing to say
            self.starting = Some(starting);
            self.ready(number)?;
        }
        if let Some(mut version) = self.running.take_if(|version| version.number == number) {
            let id = version.id();
            let (status, _) = version.end()?;
            self.note(&format!("pid {id} has ended by itself ({status})"));
        }
        Ok(())
    }

    /// One has failed before it was ready.
    fn failed(&mut self, status: ExitStatus, said: &str, failed: &Starting) -> Result<()> {
        let &Starting {
            binary,
            since,
            replaces,
            ..
        } = failed;
        if self.running.is_some() && is_in_the_way(said) {
            let screen = &self.shared.screen;
            screen.note("likely two can not run at once: the old one ends before the new one");
            self.alone = true;
            let replaces = self.stop_running()?;
            return self.start(binary, since, replaces);
        }
        self.is_unfit = true;
        if replaces && binary == TRIED {
            // the copy of the good one is the next
            self.shared.screen.hold(self.started + 1);
            let failed = format_args!("the new version failed ({status})");
            self.shared.screen.note(failed);
            return self.start(GOOD, since, true);
        }
        self.hold();
        failed.version.show();
        let what = if self.running.is_some() {
            "the new version"
        } else {
            "it"
        };
        self.note(&format!("{what} failed ({status})"));
        Ok(())
    }

    /// Keeps the failure in sight that is shown next.
    pub(super) fn hold(&self) {
        if let Some(running) = &self.running {
            self.shared.screen.hold(running.number);
        }
    }

    /// Keeps the binary of a version that works.
    fn is_good(&self, binary: &str) -> Result<()> {
        let copies = self.copies.as_ref().context("nothing was built")?.path();
        let [from, to] = [binary, GOOD].map(|folder| copies.join(folder).join(self.name));
        fs::rename(from, to).context("failed to keep a copy")
    }

    fn stop_running(&mut self) -> Result<bool> {
        let running = self.running.take();
        let was = running.is_some();
        running.map_or(Ok(()), Version::stop)?;
        Ok(was)
    }

    /// One line: what has happened, and what that means for what runs.
    pub(super) fn note(&self, what: &str) {
        let screen = &self.shared.screen;
        match &self.running {
            Some(version) => screen.note(format_args!("{what}: pid {} continues", version.id())),
            None => screen.note(format_args!("{what}: waiting for a change")),
        }
    }

    /// Ends all of them.
    pub(super) fn end(&mut self) -> Result<()> {
        let starting = self.starting.take().map(|starting| starting.version);
        for version in [starting, self.running.take()].into_iter().flatten() {
            version.stop()?;
        }
        self.shared.screen.release();
        Ok(())
    }
}

/// True if a failure may be caused by another version of the app: a hook that accepts one program,
/// a name in use.
fn is_in_the_way(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    ["busy", "exists", "already"]
        .iter()
        .any(|word| said.contains(word))
}

#[cfg(test)]
mod tests {
    use super::is_in_the_way;

    #[test]
    fn what_one_says_whose_place_is_taken() {
        for said in [
            "error: failed to attach: Device or resource busy (os error 16)",
            "libbpf: Kernel error message: File exists",
            "error: lo has an XDP program already",
        ] {
            assert!(is_in_the_way(said), "{said}");
        }
        assert!(!is_in_the_way("error: Permission denied (os error 13)"));
    }
}

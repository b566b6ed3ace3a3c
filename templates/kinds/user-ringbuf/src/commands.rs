//! Commands of the user, and their way to the BPF side.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, stdin};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use bpfapps_core::host::caller;
use bpfapps_core::{Context, Result, bail};
use libbpf_rs::{MapHandle, UserRingBuffer};
use log::warn;
use nix::unistd::getppid;

use crate::command;
use crate::skel::types::event_kind;

/// The source of commands: `file`, or stdin.
pub(crate) fn open(file: Option<&Path>) -> Result<Box<dyn BufRead + Send>> {
    let Some(file) = file else {
        return Ok(Box::new(BufReader::new(stdin())));
    };
    let opening = || format!("failed to open {}", file.display());
    let is_fifo = fs::metadata(file).with_context(opening)?.file_type().is_fifo();
    // a FIFO that we could write to ourselves does not end with each of its writers
    let opened = caller::act(|| File::options().read(true).write(is_fifo).open(file))?;
    Ok(Box::new(BufReader::new(opened.with_context(opening)?)))
}

/// Sends a command for each line, until there are no more.
pub(crate) fn serve(lines: impl BufRead, ring: &MapHandle) -> Result<()> {
    let ring = UserRingBuffer::new(ring).context("failed to map the user ring buffer")?;
    for line in lines.lines() {
        let line = line.context("failed to read commands")?;
        let sent = match parse(&line) {
            Ok(Some(command)) => send(&ring, command),
            Ok(None) => Ok(()),
            Err(err) => Err(err),
        };
        // the next line may be better
        if let Err(err) = sent {
            warn!("{err:#}");
        }
    }
    Ok(())
}

/// `watch 42` or `forget 42`; `None` for an empty line.
fn parse(line: &str) -> Result<Option<command>> {
    let words: Vec<_> = line.split_whitespace().collect();
    let (kind, pid) = match words[..] {
        [] => return Ok(None),
        ["watch", pid] => (event_kind::KIND_WATCH, pid),
        ["forget", pid] => (event_kind::KIND_FORGET, pid),
        _ => bail!("`{}` is not a command: use watch PID or forget PID", line.escape_debug()),
    };
    match pid.parse() {
        Ok(pid) if pid > 0 => Ok(Some(command { kind, pid })),
        _ => bail!("`{}` is not a process id", pid.escape_debug()),
    }
}

/// Puts a command in the ring, and has the BPF side read it: it runs when this process calls
/// getppid(2), and is through with it when that returns.
fn send(ring: &UserRingBuffer, command: command) -> Result<()> {
    let (kind, pid) = (command.kind.0.to_ne_bytes(), command.pid.to_ne_bytes());
    let mut sample = ring.reserve(size_of_val(&command)).context("failed to send a command")?;
    sample[..4].copy_from_slice(&kind);
    sample[4..].copy_from_slice(&pid);
    ring.submit(sample).context("failed to send a command")?;
    getppid();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_commands() {
        let parsed = |line| match parse(line) {
            Ok(command) => Ok(command.map(|command| (command.kind.0, command.pid))),
            Err(err) => Err(err.to_string()),
        };
        assert_eq!(parsed("watch 42"), Ok(Some((event_kind::KIND_WATCH.0, 42))));
        assert_eq!(parsed("  forget   7 "), Ok(Some((event_kind::KIND_FORGET.0, 7))));
        assert_eq!(parsed(""), Ok(None));
        let unknown = "`kill 42` is not a command: use watch PID or forget PID";
        assert_eq!(parsed("kill 42"), Err(unknown.to_owned()));
        assert_eq!(parsed("watch 0"), Err("`0` is not a process id".to_owned()));
        assert_eq!(parsed("watch \u{1b}[2J"), Err("`\\u{1b}[2J` is not a process id".to_owned()));
    }
}

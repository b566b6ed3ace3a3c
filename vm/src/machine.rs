//! A virtual machine: a kernel, an initramfs and two serial ports under QEMU.

mod board;
pub(crate) mod initramfs;

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use bpfapps_host::Release;
use bpfapps_task::Arch;

use board::Board;

/// How QEMU executes the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accel {
    /// It translates its code: slow, and works everywhere.
    Tcg,
    /// It runs it on this processor, through /dev/kvm.
    Kvm,
}

/// One machine to boot.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) arch: Arch,
    pub(crate) version: Release,
    pub(crate) image: PathBuf,
    pub(crate) initramfs: PathBuf,
    /// Gets all that the kernel prints.
    pub(crate) console: PathBuf,
    pub(crate) accel: Accel,
}

/// Why a machine is no longer there.
#[derive(Debug)]
pub(crate) enum End {
    /// It has finished its task.
    Done,
    /// It failed, with the reason and the end of the console output.
    Broke(String),
}

/// How long to wait for a silent machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Until it has booted.
    pub(crate) boot: Duration,
    /// From then on.
    pub(crate) silence: Duration,
}

impl Machine {
    /// Its name in tables.
    pub(crate) fn name(&self) -> String {
        let plus = match self.arch {
            Arch::Amd64 => "",
            Arch::Arm64 => "+arm64",
        };
        format!("{}{plus}", self.version)
    }

    /// Several times what it needs on two busy cores.
    pub(crate) fn patience(&self) -> Patience {
        Patience {
            boot: Duration::from_secs(120),
            silence: Duration::from_secs(180),
        }
    }

    /// The command line of QEMU; `task` and `words` go to the first process.
    fn qemu(&self, task: &str, words: &str) -> Command {
        let board = Board::of(self.arch);
        let cpu = match self.accel {
            Accel::Kvm => "host",
            Accel::Tcg => board.cpu,
        };
        // QEMU 7.2 in several threads runs stale code while another processor patches it, and
        // translates `cmpxchg16b` wrongly
        let accel = match self.accel {
            Accel::Kvm => "kvm",
            Accel::Tcg => "tcg,thread=single",
        };
        // a panic ends it, and so does an oops, which may be all that a bug shows
        let mut append = vec![board.console, "panic=-1", "oops=panic"];
        // translated code is slow, which is no news, and waits for a processor beside others
        append.extend(["nowatchdog", "no_timer_check", "mitigations=off"]);
        append.push("random.trust_cpu=on");
        // the seed that QEMU gives is all that an older Arm has
        append.push("random.trust_bootloader=on");
        append.push("lsm=landlock,lockdown,yama,apparmor,bpf");
        let task = format!("BPFAPPS_VM={task}");
        append.push(&task);
        append.push(board.ports);
        append.push(words);

        // it ends with this process, however that ends
        let mut qemu = Command::new("setpriv");
        qemu.args(["--pdeathsig", "KILL", board.qemu]);
        qemu.args(board.machine);
        qemu.args(["-no-user-config", "-nodefaults", "-display", "none"]);
        // the archive is in memory twice at the start, and half of what is left holds the files
        qemu.args(["-no-reboot", "-smp", "2", "-m", "3G"]);
        qemu.args(["-accel", accel, "-cpu", cpu]);
        qemu.arg("-kernel").arg(&self.image);
        qemu.arg("-initrd").arg(&self.initramfs);
        qemu.args(["-append", &append.join(" ")]);
        qemu
    }

    /// Boots it, and hands each line of the second serial port to `line`, which
    /// answers whether it was the last.
    pub(crate) fn run(
        &self,
        task: &str,
        patience: Patience,
        mut line: impl FnMut(&[u8]) -> Result<bool>,
    ) -> Result<End> {
        let console = File::create(&self.console)
            .with_context(|| format!("failed to write {}", self.console.display()))?;
        let mut qemu = self.qemu(task, "");
        let path = self.console.display();
        qemu.args([
            "-chardev",
            &format!("file,id=console,path={path},append=on"),
        ]);
        qemu.args(["-serial", "chardev:console"]);
        qemu.args(["-chardev", "stdio,id=reported,signal=off"]);
        qemu.args(Board::of(self.arch).reports);
        let mut qemu = Running(
            qemu.stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(console)
                .spawn()
                .context("failed to run QEMU")?,
        );
        let lines = qemu.lines()?;

        let mut limit = patience.boot;
        loop {
            match lines.recv_timeout(limit) {
                Ok(reported) => {
                    limit = patience.silence;
                    if line(&reported)? {
                        return Ok(End::Done);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    return self.broke(&format!("it said nothing for {} s", limit.as_secs()));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let status = qemu.0.wait().context("failed to wait for QEMU")?;
                    return self.broke(&match status.success() {
                        true => "it turned itself off".to_owned(),
                        false => format!("QEMU ended with {status}"),
                    });
                }
            }
        }
    }

    /// A shell in it, on this terminal.
    pub(crate) fn shell(&self) -> Result<()> {
        let (columns, rows) = terminal_size();
        let term = std::env::var("TERM").unwrap_or_else(|_| "dumb".to_owned());
        let words = format!("quiet TERM={term} COLUMNS={columns} ROWS={rows}");
        let mut qemu = self.qemu("shell", &words);
        // Ctrl-C is for the shell
        qemu.args([
            "-chardev",
            "stdio,id=console,signal=off",
            "-serial",
            "chardev:console",
        ]);
        let status = qemu.status().context("failed to run QEMU")?;
        anyhow::ensure!(status.success(), "QEMU ended with {status}");
        Ok(())
    }

    fn broke(&self, how: &str) -> Result<End> {
        let console = fs::read(&self.console)
            .with_context(|| format!("failed to read {}", self.console.display()))?;
        let console = String::from_utf8_lossy(&console);
        Ok(End::Broke(words(how, &console)))
    }
}

/// The reason, and the end of the console output.
fn words(how: &str, console: &str) -> String {
    const LAST: usize = 15;
    let lines: Vec<String> = console
        .lines()
        .map(|line| line.chars().filter(|c| !c.is_control()).collect())
        .filter(|line: &String| !line.is_empty())
        .collect();
    let panic = lines.iter().find(|line| line.contains("Kernel panic - "));
    let how = panic.map_or_else(
        || how.to_owned(),
        |line| format!("the kernel panicked: {}", line.trim()),
    );
    let last = lines.iter().skip(lines.len().saturating_sub(LAST));
    last.fold(how, |words, line| words + "\n  | " + line)
}

/// A running machine, killed when this is dropped.
struct Running(Child);

impl Running {
    /// The lines of its stdout, as they come.
    fn lines(&mut self) -> Result<Receiver<Vec<u8>>> {
        let stdout = self.0.stdout.take().context("stdout is a pipe")?;
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(lines)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // an error means that it has ended already
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Columns and rows, as stty knows them.
fn terminal_size() -> (u16, u16) {
    let stty = Command::new("stty")
        .arg("size")
        .stdin(Stdio::inherit())
        .output();
    let size = stty.map(|stty| String::from_utf8_lossy(&stty.stdout).into_owned());
    let size = size.unwrap_or_default();
    let mut numbers = size.split_whitespace().map(|number| number.parse().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(rows), Some(columns)) => (columns, rows),
        _ => (80, 24),
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_panic_is_named_and_the_end_of_the_console_shown() {
        let console = "one\r\n\x1b[2Jtwo\r\n[ 1.0] Kernel panic - not syncing: Fatal exception\r\n";
        assert_eq!(
            words("it turned itself off", console),
            "the kernel panicked: [ 1.0] Kernel panic - not syncing: Fatal exception\n  \
             | one\n  | [2Jtwo\n  | [ 1.0] Kernel panic - not syncing: Fatal exception"
        );
        let long: String = (0..100).map(|i| format!("line {i}\n")).collect();
        let words = words("it said nothing for 60 s", &long);
        assert!(
            words.starts_with("it said nothing for 60 s\n  | line 85\n"),
            "{words}"
        );
        assert!(words.ends_with("  | line 99"), "{words}");
    }
}

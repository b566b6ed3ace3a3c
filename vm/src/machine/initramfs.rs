//! The file system of a virtual machine: busybox, our programs, and one script
//! that is its first process.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use cpio::newc;

use crate::{Programs, Suite};

const INIT: &str = include_str!("init.sh");
/// As on most systems.
const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\n\
    nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
const HOSTS: &str = "127.0.0.1 localhost\n::1 localhost\n";
const GROUP: &str = "root:x:0:\nnogroup:x:65534:\n";

const FOLDER: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
const TEXT: u32 = 0o100_644;
const LINK: u32 = 0o120_777;
const CHARACTER_DEVICE: u32 = 0o020_600;

/// Writes it. `command` is what to run in place of tests, as a script.
pub(crate) fn write(to: &Path, busybox: &Path, suite: &Suite, command: Option<&str>) -> Result<()> {
    let file = File::create(to).with_context(|| format!("failed to write {}", to.display()))?;
    let mut archive = Archive {
        file: BufWriter::new(file),
        inodes: 0,
    };
    for folder in [
        "dev",
        "etc",
        "proc",
        "root",
        "run",
        "sys",
        "tmp",
        "usr",
        "usr/bin",
        "usr/share",
        "var",
    ] {
        archive.add(folder, FOLDER, b"")?;
    }
    // every program is in one folder, whatever path a test names
    for link in ["bin", "sbin"] {
        archive.add(link, LINK, b"usr/bin")?;
    }
    // the first process has its standard streams there, before it mounts /dev
    archive.add("dev/console", CHARACTER_DEVICE, b"")?;
    archive.add("etc/passwd", TEXT, PASSWD.as_bytes())?;
    archive.add("etc/hosts", TEXT, HOSTS.as_bytes())?;
    archive.add("etc/group", TEXT, GROUP.as_bytes())?;
    archive.add("init", PROGRAM, INIT.as_bytes())?;
    archive.add("etc/command", TEXT, command.unwrap_or_default().as_bytes())?;
    archive.add_program("usr/bin/busybox", busybox)?;
    let mut names = String::new();
    for (variable, folder, programs) in [
        ("OWN", "tests", Some(&suite.own)),
        ("OF_TEMPLATES", "templates", suite.rendered.as_ref()),
    ] {
        if let Some(programs) = programs {
            let binary = archive.add_programs(folder, programs)?;
            names += &format!("{variable}=/{binary}\n");
        }
    }
    archive.add("files", FOLDER, b"")?;
    for file in &suite.files {
        let name = file.file_name().context("a file has a name")?;
        archive.add_program(&format!("files/{}", name.to_string_lossy()), file)?;
    }
    archive.add("etc/binaries", TEXT, names.as_bytes())?;
    let mut file = newc::trailer(archive.file).context("failed to write the initramfs")?;
    file.flush().context("failed to write the initramfs")
}

struct Archive {
    file: BufWriter<File>,
    inodes: u32,
}

impl Archive {
    fn add(&mut self, name: &str, mode: u32, content: &[u8]) -> Result<()> {
        self.inodes += 1;
        let size = u32::try_from(content.len()).context("a program is too large")?;
        let mut entry = newc::Builder::new(name)
            .ino(self.inodes)
            .nlink(1)
            .mode(mode);
        if mode == CHARACTER_DEVICE {
            // the console
            entry = entry.rdev_major(5).rdev_minor(1);
        }
        let mut writer = entry.write(&mut self.file, size);
        writer
            .write_all(content)
            .and_then(|()| writer.finish())
            .map(drop)
            .with_context(|| format!("failed to add {name} to the initramfs"))
    }

    /// Adds the binary, and a folder with its tests. Returns the path of the binary.
    fn add_programs(&mut self, folder: &str, programs: &Programs) -> Result<String> {
        let name = programs.binary.file_name().context("a binary has a name")?;
        let binary = format!("usr/bin/{}", name.to_string_lossy());
        self.add_program(&binary, &programs.binary)?;
        self.add(folder, FOLDER, b"")?;
        for test in &programs.tests {
            self.add_program(&format!("{folder}/{}", test.package), &test.program)?;
        }
        Ok(binary)
    }

    fn add_program(&mut self, name: &str, file: &Path) -> Result<()> {
        let content =
            fs::read(file).with_context(|| format!("failed to read {}", file.display()))?;
        self.add(name, PROGRAM, &content)
    }
}

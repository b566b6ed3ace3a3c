//! Files that others made, given to root.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Result, ensure};
use bpfapps_testkit::{Process, Test, cli, skip, test};
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use rustix::fs::XattrFlags;
use rustix::io::Errno;

pub(crate) const TESTS: &[Test] = &[
    test!(what_is_no_file_is_not_waited_for),
    test!(file_without_end_is_not_read),
    test!(zone_that_is_no_file_is_not_waited_for),
    test!(configuration_that_others_may_replace_is_refused),
    test!(configuration_that_an_acl_opens_is_refused),
    test!(signals_end_it_from_its_first_moment),
    test!(names_do_not_move_the_terminal),
];

fn what_is_no_file_is_not_waited_for() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let pipe = folder.path().join("pipe");
    mkfifo(&pipe, Mode::S_IRUSR)?;
    for file in [pipe.as_path(), Path::new("/dev/zero"), folder.path()] {
        let file = file.to_string_lossy();
        for (args, code) in [
            (["doctor", "--object", &file], 1),
            (["bootstrap", "--btf", &file], 1),
            (["bootstrap", "--config", &file], 2),
        ] {
            let exit = Process::run(&mut cli(args))?.expect_code(code)?;
            ensure!(
                exit.stderr == [format!("error: {file} is not a regular file")],
                "{args:?}: {exit:#?}"
            );
        }
    }
    Ok(())
}

fn file_without_end_is_not_read() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("sparse");
    fs::File::create(&file)?.set_len(3 << 30)?;
    let file = file.to_string_lossy();
    for (args, largest, code) in [
        (["doctor", "--object", &file], "64 MiB", 1),
        (["bootstrap", "--btf", &file], "1024 MiB", 1),
        (["bootstrap", "--config", &file], "64 KiB", 2),
    ] {
        let exit = Process::run(&mut cli(args))?.expect_code(code)?;
        let error = format!("error: {file} is larger than {largest}");
        ensure!(exit.stderr == [error], "{args:?}: {exit:#?}");
    }
    Ok(())
}

fn zone_that_is_no_file_is_not_waited_for() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let pipe = folder.path().join("pipe");
    mkfifo(&pipe, Mode::S_IRUSR)?;
    let mut command = cli(["minimal", "--once"]);
    let exit = Process::run(command.env("TZ", &pipe))?.expect_code(0)?;
    exit.expect_stderr(&format!("{} is not a regular file", pipe.display()))?;
    Ok(())
}

fn configuration_that_others_may_replace_is_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let [own, shared] = ["own", "shared"].map(|name| folder.path().join(name));
    for folder in [&own, &shared] {
        fs::create_dir(folder)?;
        fs::write(folder.join("config.yaml"), "minimal:\n")?;
    }
    fs::set_permissions(&shared, Permissions::from_mode(0o777))?;
    symlink(own.join("config.yaml"), shared.join("link.yaml"))?;
    symlink(shared.join("link.yaml"), own.join("link.yaml"))?;
    let check = |file: &Path| Process::run(cli(["config", "check"]).arg(file));

    check(&own.join("config.yaml"))?.expect_code(0)?;
    let reason = format!(
        "error: others than root may write {}, so root",
        shared.display()
    );
    for file in [
        shared.join("config.yaml"),
        shared.join("link.yaml"),
        own.join("link.yaml"),
        shared.join("../shared/config.yaml"),
    ] {
        check(&file)?.expect_code(1)?.expect_stderr(&reason)?;
    }
    Ok(())
}

/// An access control list in the format of the attribute: a version, then a tag, permissions and an
/// id for each entry.
fn acl(entries: &[(u16, u16, u32)]) -> Vec<u8> {
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(permissions.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

fn configuration_that_an_acl_opens_is_refused() -> Result<()> {
    // of the owner, of user 1234, of the group, the most for others than the owner, of all others
    let entries = [
        (0x01, 6, u32::MAX),
        (0x02, 6, 1234),
        (0x04, 4, u32::MAX),
        (0x10, 6, u32::MAX),
        (0x20, 4, u32::MAX),
    ];
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("config.yaml");
    fs::write(&file, "minimal:\n")?;
    Process::run(cli(["config", "check"]).arg(&file))?.expect_code(0)?;
    let name = "system.posix_acl_access";
    match rustix::fs::setxattr(&file, name, &acl(&entries), XattrFlags::empty()) {
        Err(Errno::OPNOTSUPP) => {
            let folder = folder.path().display();
            skip(format!("no access control lists in {folder}"))?;
        }
        other => other?,
    }
    let exit = Process::run(cli(["config", "check"]).arg(&file))?.expect_code(1)?;
    let error = format!("error: others than root may write {}", file.display());
    exit.expect_stderr(&error)?;
    Ok(())
}

/// Also if they were ignored when it started.
fn signals_end_it_from_its_first_moment() -> Result<()> {
    for (signal, name) in [(Signal::SIGINT, "INT"), (Signal::SIGTERM, "TERM")] {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("trap '' {name}; exec \"$0\" doctor")]);
        command.arg(cli([]).get_program()).stdout(Stdio::null());
        let process = Process::start(&mut command)?;
        // it is ignored until the program has begun
        while !process.status("State")?.starts_with('Z') {
            process.signal(signal)?;
            thread::yield_now();
        }
        let exit = process.wait()?;
        ensure!(exit.signal == Some(signal as i32), "{exit:#?}");
    }
    Ok(())
}

fn names_do_not_move_the_terminal() -> Result<()> {
    let name = "/nonexistent/\x1b[2J\u{9b}x\r\nhint: rm";
    let calls: [&[&str]; 8] = [
        &["config", "check", name],
        &["doctor", "--object", name],
        &["doctor", name],
        &["bootstrap", "--btf", name],
        &["procs", "--", name],
        &["bootstrap", "--duration", name],
        &["procs", "--uid", name],
        &[name],
    ];
    for args in calls {
        let exit = Process::run(cli([]).args(args).env("BPFAPPS_LOG", name))?;
        let words = exit.stderr.concat();
        ensure!(words.contains("x1b[2J"), "not named: {exit:#?}");
        for line in exit.stdout.iter().chain(&exit.stderr) {
            ensure!(!line.chars().any(char::is_control), "{args:?}: {exit:#?}");
            ensure!(!line.starts_with("hint: rm"), "{args:?}: {exit:#?}");
        }
    }
    Ok(())
}

//! Which file runs, however exec was told its name.

use std::ffi::CString;
use std::fs::{self, File, Permissions};
use std::os::fd::IntoRawFd as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::{env, io};

use anyhow::{Context, Result, bail, ensure};
use bpfapps_testkit::{App, Fixture, Process, Test, fixture, test};
use nix::fcntl::{AtFlags, OFlag, open};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::stat::{Mode, major, minor};
use nix::unistd::{chroot, execve, execveat, fexecve};
use serde_json::Value;

pub(crate) const TESTS: &[Test] = &[
    test!(file_is_named_however_it_is_opened),
    test!(script_runs_its_interpreter),
    test!(file_without_a_folder_is_deleted),
    test!(path_goes_through_mounts),
    test!(long_path_is_cut_and_says_so),
];

pub(crate) const FIXTURES: &[Fixture] = &[fixture!(become_sleep)];

/// Becomes a sleep of this file, in one of the ways.
fn become_sleep(args: &[String]) -> Result<()> {
    let [way, path] = args else {
        bail!("a way and a path")
    };
    // exec does not close it
    let file = || open(path.as_str(), OFlag::O_RDONLY, Mode::empty());
    // busybox selects its program by the name it is called by
    let (args, env) = ([c"sleep", c"1000"], &[] as &[&CString]);
    let run = |path: &str| execve(&CString::new(path).unwrap_or_default(), &args, env);
    match way.as_str() {
        "path" => run(path)?,
        "/proc/self/fd" | "/dev/fd" => run(&format!("{way}/{}", file()?.into_raw_fd()))?,
        "fexecve" => fexecve(file()?, &args, env)?,
        "execveat" => {
            let (folder, name) = path.rsplit_once('/').context("a folder")?;
            let name = CString::new(name)?;
            execveat(File::open(folder)?, &name, &args, env, AtFlags::empty())?
        }
        "unlinked" => {
            let file = file()?;
            fs::remove_file(path)?;
            fexecve(file, &args, env)?
        }
        "memfd" => {
            let mut memory = File::from(memfd_create(c"a b", MFdFlags::empty())?);
            io::copy(&mut File::open(path)?, &mut memory)?;
            fexecve(&memory, &args, env)?
        }
        "mount" => {
            bind(".", path)?;
            run(&format!("{path}/sleep"))?
        }
        "chroot" => {
            bind("/", path)?;
            chroot(path.as_str())?;
            run("/bin/sleep")?
        }
        "many folders" => {
            descend(path, "d", 70)?;
            run("./sleep")?
        }
        "long folders" => {
            descend(path, &"d".repeat(250), 17)?;
            run("./sleep")?
        }
        _ => bail!("there is no way {way}"),
    };
    Ok(())
}

/// Copies a file that many folders below this one.
fn descend(file: &str, name: &str, depth: usize) -> Result<()> {
    for _ in 0..depth {
        fs::create_dir(name)?;
        env::set_current_dir(name)?;
    }
    fs::copy(file, "sleep")?;
    Ok(())
}

/// Shows a folder at another place as well, to this process alone.
fn bind(folder: &str, place: &str) -> Result<()> {
    let nothing = None::<&str>;
    unshare(CloneFlags::CLONE_NEWNS)?;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(nothing, "/", nothing, private, nothing)?;
    mount(Some(folder), place, nothing, MsFlags::MS_BIND, nothing)?;
    Ok(())
}

/// A process that has become another program, and still runs.
struct Running {
    process: Process,
    exec: Value,
}

impl Running {
    /// Starts [`become_sleep`] in a folder; the exec before is that of the test binary.
    fn start(way: &str, path: &Path, folder: &Path) -> Result<Self> {
        let mut procs = App::start(&["procs", "-o", "json"])?;
        let mut command = fixture("become_sleep")?;
        let process = Process::start(command.arg(way).arg(path).current_dir(folder))?;
        let is_exec = |seen: &Value| seen["type"] == "exec" && seen["pid"] == process.pid();
        procs.document(is_exec)?;
        let exec = procs.document(is_exec);
        let exec = exec.with_context(|| format!("no exec by {way}"))?;
        procs.documents()?;
        let running = Self { process, exec };
        running.is_the_file(running.exe())?;
        Ok(running)
    }

    /// A link to the file that runs, which leads there from any namespace.
    fn exe(&self) -> String {
        format!("/proc/{}/exe", self.process.pid())
    }

    fn is_the_file(&self, path: impl AsRef<Path>) -> Result<()> {
        let file = fs::metadata(path)?;
        let dev = format!("{}:{}", major(file.dev()), minor(file.dev()));
        let exec = &self.exec;
        ensure!(exec["exe_dev"] == dev, "{dev}: {exec}");
        ensure!(exec["exe_inode"] == file.ino(), "{}: {exec}", file.ino());
        Ok(())
    }

    /// The whole path is this one, and what the kernel says.
    fn has_path(&self, path: impl AsRef<Path>) -> Result<()> {
        let (path, link) = (path.as_ref(), fs::read_link(self.exe())?);
        let exec = &self.exec;
        ensure!(link == path, "{link:?}, expected {path:?}");
        ensure!(
            exec["exe"] == link.to_string_lossy().as_ref(),
            "{link:?}: {exec}"
        );
        ensure!(exec["exe_cut"] == false, "{exec}");
        Ok(())
    }
}

/// A folder by its real path, with a copy of sleep in it.
fn folder_with_sleep() -> Result<(tempfile::TempDir, PathBuf)> {
    let folder = tempfile::tempdir_in(fs::canonicalize(env::temp_dir())?)?;
    let program = folder.path().join("sleep");
    fs::copy("/bin/sleep", &program)?;
    Ok((folder, program))
}

fn file_is_named_however_it_is_opened() -> Result<()> {
    let (folder, program) = folder_with_sleep()?;
    let link = folder.path().join("link");
    symlink("sleep", &link)?;
    for (way, path) in [
        ("path", program.as_path()),
        ("path", Path::new("./sleep")),
        ("path", &link),
        ("/proc/self/fd", &program),
        ("/dev/fd", &link),
        ("fexecve", &program),
        ("execveat", &link),
    ] {
        let running = Running::start(way, path, folder.path())?;
        running.is_the_file(&program)?;
        running.has_path(&program)?;
    }
    Ok(())
}

fn script_runs_its_interpreter() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("script");
    fs::write(&script, "#!/bin/sh\nkill -STOP $$\n")?;
    fs::set_permissions(&script, Permissions::from_mode(0o755))?;
    for way in ["path", "/proc/self/fd"] {
        let running = Running::start(way, &script, folder.path())?;
        running.is_the_file("/bin/sh")?;
        running.has_path(fs::canonicalize("/bin/sh")?)?;
    }
    Ok(())
}

fn file_without_a_folder_is_deleted() -> Result<()> {
    let (folder, program) = folder_with_sleep()?;
    let running = Running::start("memfd", &program, folder.path())?;
    running.has_path("/memfd:a b (deleted)")?;
    let running = Running::start("unlinked", &program, folder.path())?;
    running.has_path(format!("{} (deleted)", program.display()))
}

fn path_goes_through_mounts() -> Result<()> {
    let (folder, program) = folder_with_sleep()?;
    let place = tempfile::tempdir_in(folder.path())?;
    let place = place.path();
    let running = Running::start("mount", place, folder.path())?;
    running.is_the_file(&program)?;
    running.has_path(place.join("sleep"))?;

    let sleep = fs::canonicalize("/bin/sleep")?;
    let running = Running::start("chroot", place, folder.path())?;
    running.is_the_file(&sleep)?;
    running.has_path(place.join(sleep.strip_prefix("/")?))
}

fn long_path_is_cut_and_says_so() -> Result<()> {
    let (folder, program) = folder_with_sleep()?;
    // the kernel itself finds only the first path short enough to show
    for (way, least) in [("many folders", 60 * 2), ("long folders", 3840)] {
        let exec = Running::start(way, &program, folder.path())?.exec;
        let exe = exec["exe"].as_str().context("no path")?;
        ensure!(exec["exe_cut"] == true && exe.len() > least, "{exec}");
        ensure!(exe.starts_with('d') && exe.ends_with("d/sleep"), "{exec}");
    }
    Ok(())
}

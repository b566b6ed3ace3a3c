//! The BPF code of bcc's libbpf-tools compiles as it is, with the flags for apps. It comes from
//! Debian's archive by apt, once; nothing of it is in this repository.

#[allow(dead_code, reason = "other tests use more of it")]
mod probe;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use probe::{Probe, run};

/// The suite whose bcc it is.
const SUITE: &str = "forky";

/// At least so many files compile.
const COMPILED: usize = 57;

/// Debian's suites as sources.list names them.
const SUITES: [&str; 5] = ["bullseye", "bookworm", "trixie", "forky", "sid"];

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

#[test]
#[allow(clippy::print_stderr, reason = "a test says what it found")]
fn tools_of_bcc_compile_as_they_are() {
    let source = match source() {
        Ok(source) => source,
        Err(reason) => return eprintln!("skipped: {reason}"),
    };
    let probe = Probe::new("corpus", "");
    let tools = probe.path("tools");
    fs::create_dir(&tools).expect("a folder");
    let mut tar = Command::new("tar");
    tar.arg("-xf").arg(source).arg("-C").arg(tools);
    tar.args(["--strip-components=2", "--wildcards", "*/libbpf-tools/*.h"]);
    let (unpacked, said) = run(tar.arg("*/libbpf-tools/*.bpf.c"));
    assert!(unpacked, "{said}");

    probe.write("build.rs", include_str!("corpus/build.rs"));
    let (built, said) = run(&mut probe.cargo_build());
    assert!(built, "{said}");
    let read = |name: &str| fs::read_to_string(probe.path(name)).expect("a file");
    let refused = read("refused");
    let count: usize = read("count").parse().expect("a number");
    let compiled = count - refused.lines().count();
    assert!(
        compiled >= COMPILED,
        "{compiled} of {count} compile:\n{refused}"
    );
    eprintln!("{compiled} of {count} files compile\n{refused}");
}

/// The archive with the source, which is downloaded unless it is there already. Otherwise the
/// reason that it can't be had.
fn source() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bcc");
    let archive = folder.join("bcc.orig.tar");
    if archive.is_file() {
        return Ok(archive);
    }
    for part in ["lists/partial", "archives/partial", "source"] {
        fs::create_dir_all(folder.join(part)).map_err(|err| err.to_string())?;
    }
    let mirror = mirror().ok_or("apt has no mirror of Debian on this machine")?;
    let keys = match Path::new(KEYRING).exists() {
        true => format!("[signed-by={KEYRING}] "),
        false => String::new(),
    };
    let list = format!("deb-src {keys}{mirror} {SUITE} main\n");
    let files = [("sources.list", &*list), ("status", "")];
    for (name, text) in files {
        fs::write(folder.join(name), text).map_err(|err| err.to_string())?;
    }
    apt(&folder, &["update"])?;
    // without the files of Debian's own
    let source = ["source", "--download-only", "--tar-only", "bpfcc"];
    apt(&folder, &source)?;
    let files = fs::read_dir(folder.join("source")).map_err(|err| err.to_string())?;
    let mut files = files.flatten().map(|file| file.path());
    let tar = files.find(|file| file.to_string_lossy().contains(".orig.tar."));
    let tar = tar.ok_or("apt downloaded no source of bcc")?;
    fs::rename(tar, &archive).map_err(|err| err.to_string())?;
    Ok(archive)
}

/// Runs apt-get with folders of its own: nothing of the machine's is changed.
fn apt(folder: &Path, args: &[&str]) -> Result<(), String> {
    let here = folder.display();
    let options = [
        format!("Dir::Etc::SourceList={here}/sources.list"),
        "Dir::Etc::SourceParts=/dev/null".to_owned(),
        format!("Dir::State={here}"),
        format!("Dir::State::Lists={here}/lists"),
        format!("Dir::State::status={here}/status"),
        format!("Dir::Cache={here}"),
        "APT::Sandbox::User=root".to_owned(),
        "APT::Update::Error-Mode=any".to_owned(),
        "Acquire::Languages=none".to_owned(),
        "Acquire::Retries=0".to_owned(),
        "Acquire::http::Timeout=20".to_owned(),
    ];
    let mut command = Command::new("apt-get");
    for option in options {
        command.arg("-o").arg(option);
    }
    let ended = command
        .args(["--quiet=2"])
        .args(args)
        .current_dir(folder.join("source"))
        .stdin(Stdio::null())
        .output()
        .map_err(|err| format!("apt-get can not be run: {err}"))?;
    let said = String::from_utf8_lossy(&ended.stderr);
    match ended.status.success() {
        true => Ok(()),
        false => Err(format!("bcc's source can not be had: {said}")),
    }
}

/// The mirror of Debian that this machine's apt uses.
fn mirror() -> Option<String> {
    let mut command = Command::new("apt-get");
    command.args(["indextargets", "--no-release-info"]);
    command.args(["--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"]);
    let listed = command.stderr(Stdio::null()).output().ok()?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    listed.lines().find_map(|line| {
        let (mirror, suite) = line.split_once(' ')?;
        SUITES.contains(&suite).then(|| mirror.to_owned())
    })
}

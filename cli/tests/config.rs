//! Options out of a file and out of the environment, as far as no BPF is needed to see them.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const BPFAPPS: &str = env!("CARGO_BIN_EXE_bpfapps");

/// A configuration that only its owner can write, whatever the umask.
fn config(text: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.yaml");
    fs::write(&path, text).expect("a file");
    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("a mode");
    (folder, path)
}

fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("bpfapps runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

/// Called as where it is installed.
fn called() -> Command {
    let mut command = Command::new(BPFAPPS);
    command.arg0("bpfapps");
    command
}

fn check(path: &Path) -> (Option<i32>, String, String) {
    run(called().args(["config", "check"]).arg(path))
}

#[test]
fn check_says_how_much_a_good_file_sets() {
    let text = "procs:\n  duration: 100\n  uid: [0, root]\n  verbose: true\nminimal:\n  once: no\n";
    let (_folder, path) = config(text.replace("once: no", "once: false"));
    let report = format!(
        "{}: 3 options of procs, 1 option of minimal\n",
        path.display()
    );
    assert_eq!(check(&path), (Some(0), report, String::new()));

    for empty in ["", "# nothing yet\n", "procs:\n"] {
        let (_folder, path) = config(empty);
        let (code, report, _) = check(&path);
        assert!(
            code == Some(0) && report.contains(": "),
            "{empty:?}: {report}"
        );
    }
}

#[test]
fn check_names_each_mistake_with_its_line() {
    let (_folder, path) = config(
        "procs:
  duration: 0
  durtion: 5
  output: jsn
  failed-only: maybe
  comm: [ok, {b: c}]
  timeout: [1, 2]
  config: other.yaml
  help: true
  exit-code:
  uid:
  - root
  - -1
  duration: 7
bootstrp:
  duration: 7
minimal: once
? [a]
: 3
",
    );
    let expected = [
        "2: invalid value '0' for '--duration <MS>': 0 is not in 1..=18446744073709",
        "3: unexpected argument '--durtion' found (similar: '--duration')",
        "4: invalid value 'jsn' for '--output <FORMAT>' [possible values: table, json, yaml] \
         (similar: 'json')",
        "5: invalid value 'maybe' for '--failed-only': not true or false",
        "6: '--comm' takes a value, not a map or a list in a list",
        "7: the argument '--timeout <SECONDS>' cannot be used multiple times",
        "8: '--config' can not be set in a configuration",
        "9: unexpected argument '--help' found",
        "10: '--exit-code' has no value",
        "13: invalid value '-1' for '--uid <USER>': no user `-1` in /etc/passwd: give a number",
        "14: 'duration' is already given above",
        "15: there is no app 'bootstrp': did you mean bootstrap?",
        "17: expected options with their values, as in `option: value`",
        "18: a key is to be a name",
    ];
    let report: String = expected
        .iter()
        .map(|line| format!("{}:{line}\n", path.display()))
        .collect();
    let error = format!("error: there are 14 mistakes in {}\n", path.display());
    assert_eq!(check(&path), (Some(1), report, error));
}

#[test]
fn what_is_no_configuration_is_refused_in_one_line() {
    let refused = |text: &[u8], reason: &str| {
        let (_folder, path) = config(text);
        let (code, stdout, stderr) = check(&path);
        let expected = format!("error: {}{reason}\n", path.display());
        assert_eq!((code, stdout, stderr), (Some(1), String::new(), expected));
    };
    refused(
        b"procs: duration: 5\n",
        ":1: mapping values are not allowed in this context",
    );
    refused(b"minimal:\n\xff\n", ":2: not UTF-8");
    refused(&[b'#'; 70_000], " is larger than 64 KiB");
    refused(
        b"minimal:\n---\nprocs:\n",
        ":3: a second document begins here, and there is to be one only",
    );

    for (path, reason) in [
        (
            "/nonexistent",
            "failed to read /nonexistent: No such file or directory (os error 2)",
        ),
        ("/tmp", "/tmp is not a regular file"),
        ("/dev/null", "/dev/null is not a regular file"),
    ] {
        let expected = (Some(1), String::new(), format!("error: {reason}\n"));
        assert_eq!(check(Path::new(path)), expected);
    }
}

#[test]
fn mistake_in_the_file_of_a_run_is_told_with_its_line() {
    let (_folder, path) = config("minimal:\n  oncee: true\n  twice: 2\nprocs:\n  duration: 0\n");
    let place = format!("error: {}:", path.display());
    // also if the option is on the command line, and through a link
    let (code, stdout, stderr) = run(Command::new(BPFAPPS)
        .args(["procs", "-d", "5", "--config"])
        .arg(&path));
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    let reason = "5: invalid value '0' for '--duration <MS>': 0 is not in 1..=18446744073709\n";
    assert_eq!(stderr, format!("{place}{reason}"));

    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("minimal");
    symlink(BPFAPPS, &link).expect("a link");
    let (code, _, stderr) = run(Command::new(link).env("BPFAPPS_CONFIG", &path));
    assert_eq!(code, Some(2));
    let reason = "2: unexpected argument '--oncee' found (similar: '--once')\n";
    let hint = format!(
        "hint: `{BPFAPPS} config check {}` names each mistake\n",
        path.display()
    );
    assert_eq!(stderr, format!("{place}{reason}{hint}"));
}

#[test]
fn option_may_need_one_that_stands_in_the_file() {
    let (_folder, path) = config("procs:\n  pid: 1\n  btf: /nonexistent\n");
    // --children needs --pid: clap is content, and the app itself finds something wrong
    let (code, _, stderr) = run(Command::new(BPFAPPS)
        .args(["procs", "--children", "--config"])
        .arg(&path));
    assert_eq!(code, Some(1), "{stderr}");

    let (_folder, path) = config("procs:\n  children: true\n");
    let (code, _, stderr) = run(Command::new(BPFAPPS).args(["procs", "--config"]).arg(&path));
    assert_eq!(code, Some(2));
    assert!(
        stderr.contains("required arguments were not provided:\n  --pid"),
        "{stderr}"
    );
    let hint = format!("hint: the options in {} count as well\n", path.display());
    assert!(stderr.ends_with(&hint), "{stderr}");
}

#[test]
fn mistake_in_the_environment_is_told_with_its_variable() {
    let refused = |variable: &str, value: &str| {
        let (code, _, stderr) = run(Command::new(BPFAPPS)
            .args(["procs", "--timeout=0"])
            .env(variable, value));
        assert_eq!(code, Some(2));
        stderr
    };
    // the command line is checked first
    assert!(!refused("BPFAPPS_PROCS_TIMEOUT", "never").contains("hint"));
    for (variable, value, reason) in [
        (
            "BPFAPPS_PROCS_DURATION",
            "soon",
            "invalid value 'soon' for '--duration <MS>'",
        ),
        (
            "BPFAPPS_PROCS_FAILED_ONLY",
            "maybe",
            "invalid value 'maybe' for '--failed-only'",
        ),
        (
            "BPFAPPS_VERBOSE",
            "very",
            "invalid value 'very' for '--verbose'",
        ),
    ] {
        let (code, _, stderr) = run(Command::new(BPFAPPS).arg("procs").env(variable, value));
        assert_eq!(code, Some(2));
        assert!(stderr.starts_with(&format!("error: {reason}")), "{stderr}");
        let hint = format!("hint: {variable} in the environment says so\n");
        assert!(stderr.ends_with(&hint), "{stderr}");
    }
}

/// The file may be secret.
#[test]
fn words_of_a_file_that_is_no_configuration_are_not_shown() {
    let secrets = [
        "root:$6$salt$hunter2:20000:0:99999:7:::\ndaemon:*:20000:0:99999:7:::\n",
        "AWS_SECRET: hunter2\nHunter2: x\n? hunter2 is a key\n: x\n",
        "-----BEGIN KEY-----\nhunter2\n-----END KEY-----\n",
        "<key>hunter2</key>\n",
        "{\"Token\": \"hunter2\", \"hunter2!\": [hunter2]}\n",
        "a: !hunter2 b\n",
        "a: *hunter2\n",
        "a: \"\\hunter2\"\n",
        "%hunter2\n",
        "procs:\n  \"hunter2 is a key\": hunter2\n",
    ];
    for text in secrets {
        let (_folder, path) = config(text);
        let (code, stdout, stderr) = check(&path);
        let reported = stdout + &stderr;
        assert_eq!(code, Some(1), "{reported}");
        assert!(!reported.to_lowercase().contains("hunter2"), "{reported}");
    }
}

#[test]
fn file_of_others_is_refused_to_root() {
    let (_folder, path) = config("minimal:\n");
    fs::set_permissions(&path, Permissions::from_mode(0o664)).expect("a mode");
    let shown = path.display();
    let (code, stdout, stderr) = check(&path);
    if !nix::unistd::geteuid().is_root() {
        assert_eq!(code, Some(0), "{stderr}");
        return;
    }
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    let reason = format!("others than root may write {shown}, so root does not follow it");
    assert_eq!(
        stderr,
        format!("error: {reason}\nhint: chmod go-w {shown}\n")
    );

    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("a mode");
    std::os::unix::fs::chown(&path, Some(1234), None).expect("an owner");
    let reason = format!("{shown} is the user 1234's, so root does not follow it");
    let hint = format!("chown -h root {shown}");
    assert_eq!(check(&path).2, format!("error: {reason}\nhint: {hint}\n"));
}

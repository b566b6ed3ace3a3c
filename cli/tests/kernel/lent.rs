//! Attempts by the caller of a program with file capabilities to gain them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use bpfapps_core::Capability::{CAP_BPF, CAP_DAC_READ_SEARCH, CAP_PERFMON};
use bpfapps_testkit::{Exit, Process, Test, installed, lending, sandbox, test};

use crate::objects::File;

pub(crate) const TESTS: &[Test] = &[
    test!(object_of_the_caller_is_not_loaded),
    test!(file_of_others_is_not_read_for_the_caller),
    test!(account_of_the_owner_is_not_lent),
];

fn as_nobody(program: &Path, args: &[&str]) -> Result<Exit> {
    let mut command = Command::new(program);
    Process::run(&mut sandbox::as_nobody(command.args(args))?)
}

fn object_of_the_caller_is_not_loaded() -> Result<()> {
    let (_folder, program) = lending(&[CAP_BPF, CAP_PERFMON])?;
    let file = File::of("trace", |bytes| bytes)?;
    as_nobody(&program, &["doctor", "--object", &file.name()])?
        .expect_code(1)?
        .expect_stderr("error: --object is refused: this program's file lends capabilities")?;
    Ok(())
}

fn file_of_others_is_not_read_for_the_caller() -> Result<()> {
    let (folder, program) = lending(&[CAP_DAC_READ_SEARCH])?;
    let secret = folder.path().join("secret");
    fs::write(&secret, "secret: 1\n")?;
    fs::set_permissions(&secret, Permissions::from_mode(0o600))?;
    let secret = secret.to_string_lossy();
    as_nobody(&program, &["config", "check", &secret])?
        .expect_code(1)?
        .expect_stderr(&format!(
            "error: failed to read {secret}: Permission denied"
        ))?;
    Ok(())
}

fn account_of_the_owner_is_not_lent() -> Result<()> {
    let (_folder, program) = installed()?;
    fs::set_permissions(&program, Permissions::from_mode(0o4755))?;
    as_nobody(&program, &["list"])?
        .expect_code(1)?
        .expect_stderr("error: this program is setuid or setgid")?;
    Ok(())
}

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, io::Write as _};

use anyhow::{Result, ensure};
use bpfapps_testkit::{Fixture, Process, Test, cli, fixture, program, skip, test};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tempfile::TempDir;

pub(crate) const TESTS: &[Test] = &[
    test!(binary_of_the_workspace_is_built),
    test!(binary_that_takes_long_to_build_is_named),
    test!(binary_that_does_not_compile_is_an_error),
    test!(binary_can_be_named),
];

pub(crate) const FIXTURES: &[Fixture] = &[fixture!(show_program), fixture!(call)];

fn show_program(_: &[String]) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{}", program().display())?)
}

fn call(_: &[String]) -> Result<()> {
    ensure!(cli(["a", "word"]).status()?.success(), "the binary fails");
    Ok(())
}

/// The fixture as an app in a foreign workspace with this `main.rs`.
fn elsewhere(name: &str, main: &str) -> Result<(TempDir, Command)> {
    if env::var_os("CARGO").is_none() {
        skip("there is no cargo here")?;
    }
    let folder = tempfile::tempdir()?;
    let write = |file: &str, text: &str| -> Result<PathBuf> {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap_or(&path))?;
        fs::write(&path, text)?;
        Ok(path)
    };
    let package = |name| format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n");
    write(
        "Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"apps/*\", \"cli\"]\n",
    )?;
    write("cli/Cargo.toml", &package("mytool"))?;
    write("cli/src/main.rs", main)?;
    write("apps/myapp/src/lib.rs", "")?;
    let manifest = write("apps/myapp/Cargo.toml", &package("mytool-myapp"))?;
    let mut command = fixture(name)?;
    command.current_dir(manifest.parent().unwrap_or(Path::new("/")));
    command
        .env_remove("BPFAPPS_BIN")
        .env_remove("CARGO_TARGET_DIR");
    Ok((folder, command))
}

fn binary_of_the_workspace_is_built() -> Result<()> {
    let main = r#"fn main() {
        let args: Vec<_> = std::env::args().skip(1).collect();
        println!("{:?} {args:?}", std::env::current_exe());
    }"#;
    let (folder, mut command) = elsewhere("call", main)?;
    let exit = Process::run(&mut command)?.expect_code(0)?;
    let binary = folder.path().canonicalize()?.join("target/debug/mytool");
    let said = format!("Ok({binary:?}) {:?}", ["a", "word"]);
    ensure!(exit.stdout == [said], "{exit:#?}");
    Ok(())
}

fn binary_that_takes_long_to_build_is_named() -> Result<()> {
    let (folder, mut command) = elsewhere("call", "fn main() {}")?;
    let root = folder.path().canonicalize()?;
    let gate = root.join("gate");
    mkfifo(&gate, Mode::S_IRUSR | Mode::S_IWUSR)?;
    // the build waits for somebody who writes
    let script = r#"fn main() { std::fs::read("../gate").expect("a gate"); }"#;
    fs::write(root.join("cli/build.rs"), script)?;
    let mut process = Process::start(&mut command)?;
    let manifest = root.join("cli/Cargo.toml");
    process.says(&format!(
        "building the program that is tested: cargo build --bins --manifest-path {}",
        manifest.display()
    ))?;
    fs::write(&gate, "")?;
    process.wait()?.expect_code(0)?;
    Ok(())
}

fn binary_that_does_not_compile_is_an_error() -> Result<()> {
    let (_folder, mut command) = elsewhere("call", "fn main() { compile() }")?;
    Process::run(&mut command)?
        .expect_code(101)?
        .expect_stderr("cannot find function `compile`")?
        .expect_stderr("failed to build the binary to test; or name it in BPFAPPS_BIN")?;
    Ok(())
}

fn binary_can_be_named() -> Result<()> {
    let mut command = fixture("show_program")?;
    let exit = Process::run(command.env("BPFAPPS_BIN", "/any/name"))?.expect_code(0)?;
    ensure!(exit.stdout == ["/any/name"], "{exit:#?}");
    Ok(())
}

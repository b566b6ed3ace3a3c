//! Compiles each file in `tools` as the build script of an app would, and writes to `refused` why
//! some do not compile.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, thread};

fn main() {
    let sources: Vec<_> = env::args().skip(1).collect();
    if !sources.is_empty() {
        return compile(&sources);
    }
    let tools = fs::canonicalize("tools").expect("a folder");
    let files = fs::read_dir(tools).expect("a folder").flatten();
    let files = files.map(|file| file.path().display().to_string());
    let mut files: Vec<_> = files.filter(|file| file.ends_with(".bpf.c")).collect();
    files.sort();
    let processors = thread::available_parallelism().map_or(1, Into::into);
    let refused: String = thread::scope(|scope| {
        let parts = files.chunks(files.len().div_ceil(processors)).enumerate();
        let workers: Vec<_> = parts
            .map(|(number, part)| scope.spawn(move || refused(part, number)))
            .collect();
        let all = workers.into_iter();
        all.map(|worker| worker.join().expect("no panic")).collect()
    });
    fs::write("refused", refused).expect("a file");
    fs::write("count", files.len().to_string()).expect("a file");
}

/// Prints the name of each file before it: an error of clang ends the process.
fn compile(sources: &[String]) {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("it is a build script"));
    for source in sources {
        println!("source {source}");
        bpfapps_build::object_from(Path::new(source), &out.join("it.bpf.o"));
    }
}

/// The files that do not compile, each with its first error.
fn refused(mut files: &[String], worker: usize) -> String {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("it is a build script"));
    let out = out.join(worker.to_string());
    fs::create_dir_all(&out).expect("a folder");
    let mut refused = String::new();
    while !files.is_empty() {
        let mut command = Command::new(env::current_exe().expect("a program"));
        let ended = command.args(files).env("OUT_DIR", &out).output();
        let ended = ended.expect("it runs");
        let text = String::from_utf8_lossy(&ended.stdout);
        let mut reached = 0;
        for said in text.split("source /").skip(1) {
            reached += 1;
            if let Some((_, why)) = said.split_once("cargo::error=") {
                refused += &line(&files[reached - 1], why.lines().next());
            }
        }
        if !ended.status.success() {
            let text = String::from_utf8_lossy(&ended.stderr);
            let why = text.lines().find(|line| line.contains("error"));
            refused += &line(&files[reached - 1], why);
        }
        files = &files[reached..];
    }
    refused
}

fn line(file: &str, why: Option<&str>) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    format!("{name}: {}\n", why.unwrap_or("no error is shown"))
}

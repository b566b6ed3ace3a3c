//! Finds clang, chooses its flags, and explains its diagnostics.

use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, anyhow, bail};
use bpfapps_explain::explain_clang;

use crate::members::Missing;
use crate::say;

/// The first clang that writes tags of members to BTF (btf_decl_tag).
const OLDEST: u32 = 14;

/// Clang refused the source; its diagnostics are on stderr already.
#[derive(Debug)]
pub(crate) struct Rejected;

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("clang rejected the source")
    }
}

impl std::error::Error for Rejected {}

/// What the compilations of a build script share.
#[derive(Debug)]
pub(crate) struct Flags<'a> {
    /// The workspace of the source.
    pub(crate) root: &'a Path,
    pub(crate) macros: &'a [&'a str],
    pub(crate) includes: &'a [PathBuf],
}

/// A clang that is new enough.
#[derive(Debug)]
pub(crate) struct Clang {
    program: String,
}

impl Clang {
    /// The clang in `CLANG`, or else in `PATH`.
    pub(crate) fn find() -> Result<Self> {
        let program = env::var("CLANG").unwrap_or_else(|_| "clang".to_owned());
        let Ok(output) = Command::new(&program).arg("--version").output() else {
            bail!(
                "`{program}` can not be run: install clang {OLDEST} or newer with \
                 `cargo xtask setup`, or name one in CLANG"
            );
        };
        let text = String::from_utf8_lossy(&output.stdout);
        match major_version(&text) {
            Some(major) if major >= OLDEST => Ok(Self { program }),
            Some(major) => bail!(
                "`{program}` is clang {major}, too old for btf_decl_tag: install clang {OLDEST} or \
                 newer with `cargo xtask setup`, or name one in CLANG"
            ),
            None => bail!(
                "`{program}` does not say that it is clang: name clang {OLDEST} or newer in CLANG"
            ),
        }
    }

    /// Compiles `source` into `object`, and returns the source and each header that it came from,
    /// except the system's. A header is precompiled.
    pub(crate) fn compile(
        &self,
        source: &Path,
        object: &Path,
        flags: &Flags<'_>,
        precompiled: Option<&Path>,
    ) -> Result<Vec<PathBuf>> {
        let root = flags.root;
        let depfile = object.with_extension("d");
        let mut command = self.reading(flags, precompiled)?;
        if source.extension() == Some(OsStr::new("h")) {
            command.args(["-x", "c-header"]);
        }
        command
            .arg("-c")
            .args(["-MMD", "-MT", "object", "-MF"])
            .arg(&depfile);
        let source = source.strip_prefix(root).unwrap_or(source);
        command.arg(source).arg("-o").arg(object);

        let output = self.run(&mut command)?;
        let mut diagnostics = String::from_utf8_lossy(&output.stderr).into_owned();
        if let Some(missing) = Missing::first(&diagnostics) {
            let mut command = self.reading(flags, precompiled)?;
            command.args(["-fsyntax-only", "-Xclang"]);
            command.arg(format!("-code-completion-at={}", missing.place));
            let members = self.run(command.arg(source))?;
            if let Some(hint) = missing.hint(&String::from_utf8_lossy(&members.stdout)) {
                diagnostics.push_str(&format!("hint: {hint}\n"));
            }
        }
        show(diagnostics, output.status.success());
        if !output.status.success() {
            return Err(anyhow!(Rejected));
        }
        let rule = fs::read_to_string(&depfile)
            .with_context(|| format!("failed to read {}", depfile.display()))?;
        Ok(prerequisites(&rule)
            .into_iter()
            .map(|path| root.join(path))
            .collect())
    }

    /// A call that reads BPF code.
    fn reading(&self, flags: &Flags<'_>, precompiled: Option<&Path>) -> Result<Command> {
        let Flags {
            root,
            macros,
            includes,
        } = flags;
        let mut command = Command::new(&self.program);
        // From the workspace, as rustc does: an editor finds the file that a diagnostic names.
        command
            .current_dir(root)
            .args(["-g", "-O2", "-target", "bpf", "-Wall"]);
        command.args(macros.iter().map(|name| format!("-D{name}")));
        // BPF has no stack protector, which some distributions switch on.
        command.arg("-fno-stack-protector");
        // No folder of the building machine in the object: it is shipped.
        command.arg(format!("-fdebug-prefix-map={}=.", root.display()));
        // clang 16 and newer refuse this by default: the call has no target.
        command.arg("-Werror=implicit-function-declaration");
        // A vmlinux.h nests named structs without a member name; clang before 16 warns about each.
        command.args([
            "-fms-extensions",
            "-Wno-microsoft-anon-tag",
            "-Wno-missing-declarations",
        ]);
        for include in *includes {
            command.arg("-I").arg(include);
        }
        // `-target bpf` drops the host's include folders, where linux/*.h and asm/*.h are.
        for include in self.system_includes()? {
            command.arg("-idirafter").arg(include);
        }
        if let Some(precompiled) = precompiled {
            command.arg("-include-pch").arg(precompiled);
        }
        Ok(command)
    }

    /// The folders of the target, then those of this machine: a build for another processor may have
    /// no headers of it, and most are the same.
    fn system_includes(&self) -> Result<Vec<String>> {
        let of = |target: Option<String>| {
            let mut command = Command::new(&self.program);
            command.args(target.map(|triple| format!("--target={triple}")));
            let output = self.run(command.args(["-v", "-E", "-xc", "/dev/null"]))?;
            anyhow::Ok(include_folders(&String::from_utf8_lossy(&output.stderr)))
        };
        let [target, host] = ["TARGET", "HOST"].map(|name| env::var(name).ok());
        let mut folders = match target == host {
            true => Vec::new(),
            false => of(target)?,
        };
        folders.extend(of(None)?);
        Ok(folders)
    }

    fn run(&self, command: &mut Command) -> Result<Output> {
        command
            .output()
            .with_context(|| format!("failed to run {}", self.program))
    }
}

/// clang's diagnostics, followed by the fix for the first known one. They go to stderr if the build
/// fails, which cargo shows then; otherwise they become warnings, because cargo would hide them.
#[expect(
    clippy::print_stderr,
    reason = "cargo shows what a failed build script says there"
)]
fn show(mut diagnostics: String, is_built: bool) {
    if let Some((code, hint)) = explain_clang(&diagnostics) {
        diagnostics = without_crash(&diagnostics);
        diagnostics.push_str(&format!("hint: {hint}\nmore: cargo xtask explain {code}\n"));
    }
    for line in diagnostics.lines() {
        match is_built {
            true => say(&format!("cargo::warning={line}")),
            false => eprintln!("{line}"),
        }
    }
}

/// Removes clang's request to report a crash, which it prints for code that BPF does not support.
fn without_crash(diagnostics: &str) -> String {
    let of_clang = |line: &&str| line.starts_with("PLEASE ") || line.starts_with("Stack dump:");
    let lines = diagnostics.lines();
    lines
        .take_while(|line| !of_clang(line))
        .fold(String::new(), |text, line| text + line + "\n")
}

/// The workspace folder of `source`: the one with the lock file.
pub(crate) fn workspace_root(source: &Path) -> &Path {
    let locked = |folder: &&Path| folder.join("Cargo.lock").is_file();
    source
        .ancestors()
        .skip(1)
        .find(locked)
        .unwrap_or(Path::new("/"))
}

fn major_version(text: &str) -> Option<u32> {
    let (_, version) = text.split_once("clang version ")?;
    version
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

/// The include folders that `clang -v` lists between two marker lines.
fn include_folders(text: &str) -> Vec<String> {
    text.lines()
        .skip_while(|line| !line.starts_with("#include <...>"))
        .skip(1)
        .take_while(|line| !line.starts_with("End of search list"))
        .map(|line| line.trim().to_owned())
        .collect()
}

/// The prerequisites of the only make rule in a depfile. A space in a name is escaped there.
fn prerequisites(rule: &str) -> Vec<PathBuf> {
    let rule = rule
        .split_once(": ")
        .map_or("", |(_, names)| names)
        .replace("\\\n", " ");
    let names = rule.replace("\\ ", "\0");
    names
        .split_whitespace()
        .map(|name| PathBuf::from(name.replace('\0', " ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_read_from_what_distributions_print() {
        assert_eq!(
            major_version("Debian clang version 14.0.6\nTarget: x86_64"),
            Some(14)
        );
        assert_eq!(
            major_version("clang version 18.1.8 (Fedora 18.1.8-1.fc40)"),
            Some(18)
        );
        assert_eq!(major_version("gcc (Debian 12.2.0-14) 12.2.0"), None);
    }

    #[test]
    fn a_crash_of_clang_ends_what_is_shown() {
        let text = "fatal error: error in backend: no\nPLEASE submit a bug report\nStack dump:\n0.";
        assert_eq!(without_crash(text), "fatal error: error in backend: no\n");
    }

    #[test]
    fn include_folders_stand_between_the_markers() {
        let text = "ignored\n#include <...> search starts here:\n /usr/include/x\n /usr/include\n\
                    End of search list.\n rest";
        assert_eq!(include_folders(text), ["/usr/include/x", "/usr/include"]);
    }

    #[test]
    fn depfile_names_the_source_and_its_headers() {
        let rule = "object: apps/a/a.bpf.c /out/bpf/bpf_helpers.h \\\n  /with\\ space/a.h\n";
        let names = [
            "apps/a/a.bpf.c",
            "/out/bpf/bpf_helpers.h",
            "/with space/a.h",
        ];
        assert_eq!(prerequisites(rule), names.map(PathBuf::from));
    }
}

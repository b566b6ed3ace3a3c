//! A machine made of shell scripts: PATH is one folder, and what lies in it is
//! all that there is.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, process};

/// The output of a run.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Removed when it goes out of scope.
pub(crate) struct Machine {
    dir: PathBuf,
    nobody: bool,
}

impl Machine {
    /// A machine that lacks nothing, and has no package manager.
    pub(crate) fn new(name: &str) -> Self {
        let dir = env::temp_dir().join(format!("xtask-{}-{name}", process::id()));
        fs::create_dir_all(dir.join("bin")).expect("temporary folder");
        for folder in [dir.clone(), dir.join("bin")] {
            fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).expect("mode");
        }
        let machine = Self { dir, nobody: false };
        for program in [
            "make",
            "pkg-config",
            "clang",
            "clang-format",
            "ip",
            "mount",
            "tc",
            "unshare",
            "setpriv",
            "ip",
            "tc",
            "cargo-fmt",
            "cargo-clippy",
            "git",
            "qemu-system-x86_64",
        ] {
            machine.program(program, "");
        }
        // the header of a program that asks for no dynamic loader
        let header = format!("\x7fELF\x02{}", "\0".repeat(59));
        machine.file("bin/busybox", 0o755, &header);
        // knows every header but gelf.h, which comes with the package, and
        // every library under the name of a file that exists
        machine.program(
            "cc",
            r#"case "$*" in *-print-file-name=*) echo "$DIR/log"; exit;; esac
               while read -r line; do
                   case "$line" in *gelf.h*) [ ! -e "$DIR/no-libelf" ] || exit 1;; esac
               done"#,
        );
        machine.program(
            "sudo",
            r#"echo "sudo $*" >> "$DIR/log"
               while case "$1" in --) shift; false;; -*) true;; *) false;; esac; do shift; done
               exec "$@""#,
        );
        machine.program("env", r#"export "$1"; shift; exec "$@""#);
        machine.file("log", 0o666, "");
        machine.workspace();
        machine.cargo("");
        machine
    }

    /// Adds a program; its script finds the machine's folder in `$DIR`.
    pub(crate) fn program(&self, name: &str, script: &str) {
        let dir = self.dir.display();
        let script = format!("#!/bin/sh\nDIR='{dir}'\n{script}\n");
        self.file(&format!("bin/{name}"), 0o755, &script);
    }

    /// Adds a package manager. It writes down how it was called, and installs
    /// clang and libelf when it is asked for packages of such names.
    pub(crate) fn manager(&self, name: &str) {
        self.program(
            name,
            &format!(
                r#"echo "{name} $*" >> "$DIR/log"
                for word; do
                    case "$word" in
                        clang) echo '#!/bin/sh' > "$DIR/bin/clang"; /bin/chmod 755 "$DIR/bin/clang";;
                        *elf*) /bin/rm -f "$DIR/no-libelf";;
                    esac
                done"#
            ),
        );
    }

    pub(crate) fn file(&self, name: &str, mode: u32, content: &str) {
        let path = self.dir.join(name);
        fs::write(&path, content).expect("temporary file");
        fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("mode");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub(crate) fn remove(&self, program: &str) {
        fs::remove_file(self.dir.join("bin").join(program)).expect("program to remove");
    }

    pub(crate) fn remove_libelf(&self) {
        self.file("no-libelf", 0o666, "");
    }

    /// From here on it is used by a user who is not root.
    pub(crate) fn for_nobody(mut self) -> Self {
        self.nobody = true;
        // so that whatever is installed by fake managers can be, and something built
        fs::create_dir_all(self.path("target")).expect("a folder");
        for folder in ["bin", "target"] {
            fs::set_permissions(self.path(folder), PermissionsExt::from_mode(0o777)).expect("mode");
        }
        self
    }

    /// The words before a command that must run as root.
    pub(crate) fn root_prefix(&self) -> &'static str {
        if self.nobody || !root() {
            "sudo --non-interactive "
        } else {
            ""
        }
    }

    /// The calls of programs that keep a log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).expect("log")
    }

    pub(crate) fn xtask(&self, args: &[&str]) -> Seen {
        self.xtask_with(args, &[])
    }

    pub(crate) fn xtask_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Seen {
        let mut command = self.command(args);
        let output = command.envs(variables.iter().copied()).output();
        let output = output.expect("xtask runs");
        Seen {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// A call of it.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        // another user may not be able to reach the folder of the build
        let xtask = self.path("xtask");
        if !xtask.exists() {
            let built = env!("CARGO_BIN_EXE_xtask");
            fs::hard_link(built, &xtask)
                .or_else(|_| fs::copy(built, &xtask).map(drop))
                .expect("xtask");
        }
        let mut command = if self.nobody && root() {
            let mut command = Command::new(real("setpriv"));
            command.args([
                "--reuid",
                "65534",
                "--regid",
                "65534",
                "--clear-groups",
                "--",
            ]);
            command.arg(xtask);
            command
        } else {
            Command::new(xtask)
        };
        command
            .args(args)
            .current_dir(&self.dir)
            .env_clear()
            .env("PATH", self.path("bin"))
            .env("CARGO", self.path("bin/cargo"));
        command
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn root() -> bool {
    let status = fs::read_to_string("/proc/self/status").expect("procfs");
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    ids.and_then(|ids| ids.split_whitespace().nth(1)) == Some("0")
}

/// A program of the machine that the tests run on.
fn real(program: &str) -> PathBuf {
    let path = env::var_os("PATH").expect("PATH");
    env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|file| Path::exists(file))
        .expect("program on PATH")
}

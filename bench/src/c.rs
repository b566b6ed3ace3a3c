//! From C sources to the programs that bootstrap is held against.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use bpfapps_task::workspace;
use bpfapps_xtask::target::Target;
use bpfapps_xtask::{cc, vmlinux};

/// A compiler of what lies in `bench/c`, with the libbpf that bpfapps is linked with.
pub(crate) struct C {
    sources: PathBuf,
    libbpf: PathBuf,
    /// The folder of the programs and of temporary files.
    pub(crate) folder: PathBuf,
}

impl C {
    pub(crate) fn new(libbpf: &Path, folder: PathBuf) -> Result<Self> {
        fs::create_dir_all(&folder).context("failed to create a folder for C programs")?;
        Ok(Self {
            sources: Path::new(env!("CARGO_MANIFEST_DIR")).join("c"),
            libbpf: libbpf.to_owned(),
            folder,
        })
    }

    /// The path of a source file.
    pub(crate) fn source(&self, name: &str) -> PathBuf {
        self.sources.join(name)
    }

    /// Compiles and links a static program, with `object` inside.
    pub(crate) fn program(
        &self,
        source: &str,
        name: &str,
        object: Option<&Path>,
    ) -> Result<PathBuf> {
        let program = self.folder.join(name);
        let mut command = Target::Here.compiler();
        command.args(["-O2", "-Wall", "-static"]);
        if let Some(object) = object {
            command.arg(format!("-DOBJECT=\"{}\"", object.display()));
        }
        command
            .arg("-I")
            .arg(self.libbpf.join("include"))
            .arg("-o")
            .args([&program, &self.source(source)])
            .arg("-L")
            .arg(&self.libbpf)
            .arg("-L")
            .arg(cc::libelf_folder(Target::Here)?)
            .args(["-lbpf", "-lelf", "-lz"]);
        for library in cc::beside_libelf(Target::Here).unwrap_or_default() {
            command.arg(format!("-l{library}"));
        }
        run(&mut command)?;
        Ok(program)
    }

    /// Compiles BPF code as bpf-build does, without DWARF.
    pub(crate) fn bpf_object(&self, source: &str) -> Result<PathBuf> {
        let object = self.folder.join(source).with_extension("o");
        let compiled = object.with_extension("clang.o");
        let arch = vmlinux::this_arch();
        let types = workspace::root()?
            .join("bpf-build/include/vmlinux")
            .join(arch);

        let mut clang = Command::new(env::var_os("CLANG").unwrap_or_else(|| "clang".into()));
        clang
            .args(["-g", "-O2", "-target", "bpf", "-Wall", "-c"])
            .arg(format!("-D__TARGET_ARCH_{arch}"))
            .args(["-fno-stack-protector", "-fms-extensions"])
            .args(["-Wno-microsoft-anon-tag", "-Wno-missing-declarations"])
            .arg("-I")
            .arg(self.libbpf.join("include"))
            .arg("-I")
            .arg(types)
            .arg("-I")
            .arg(workspace::root()?.join("bpf-build/include"))
            .arg("-o")
            .args([&compiled, &self.source(source)]);
        run(&mut clang)?;

        let linker = self.program("link.c", "link", None)?;
        run(Command::new(linker).args([&object, &compiled]))?;
        Ok(object)
    }
}

/// Runs a compiler or the like, which is quiet unless something is wrong.
fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().display().to_string();
    let ended = command.output();
    let ended = ended.with_context(|| format!("failed to run {name}"))?;
    if !ended.status.success() {
        let said = String::from_utf8_lossy(&ended.stderr);
        bail!("{name} failed ({}):\n{}", ended.status, said.trim_end());
    }
    Ok(())
}

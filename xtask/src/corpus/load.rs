//! Each program of the corpus is loaded alone, in a virtual machine.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use bpfapps_task::Series;
use bpfapps_task::workspace::Workspace;
use bpfapps_vm::{Accel, Kernels, Machines, Programs, Suite};

use super::Corpus;
use crate::progress::Step;
use crate::target::Target;
use crate::{busybox, dist, out};

/// Verifies every object, and prints the results compressed: logs are long, and the port is slow.
const SCRIPT: &str = "for object in /files/*.bpf.o; do
	echo \"object ${object##*/}\"
	timeout 600 bpfapps verify --output json \"$object\" 2>/dev/null | gzip -c | base64
done";

/// Loads the programs of all objects, and writes what came of it.
pub(super) fn all(corpus: &Corpus, series: &Series) -> Result<()> {
    let mut kernels = Kernels::given(Target::Here.arch()?, &[])?;
    kernels.add(std::slice::from_ref(series), false)?;
    let busybox = busybox::find().context("there is no static busybox")?;
    let suite = Suite {
        own: Programs {
            binary: dist::build(Target::Here, &[], true)?.program,
            tests: Vec::new(),
        },
        rendered: None,
        files: objects(&corpus.objects())?,
    };
    let folder = Workspace::here()?.target().join("vm");
    let command: Vec<OsString> = ["sh", "-c", SCRIPT].map(Into::into).into();
    let machines = Machines::new(
        &folder,
        &kernels,
        Accel::Tcg,
        &busybox,
        &suite,
        Some(&command),
    )?;

    fs::create_dir_all(corpus.logs()).context("failed to create the folder of the logs")?;
    let label = format!("loading {} objects on Linux {series}", suite.files.len());
    let step = Step::start(&label);
    let bar = step.bar();
    bar.set_length(suite.files.len() as u64);
    let mut current: Option<(String, Vec<u8>)> = None;
    machines.lines(|_, line| {
        if let Some(name) = line.strip_prefix(b"object ") {
            let name = String::from_utf8_lossy(name).trim().to_owned();
            if let Some((name, text)) = current.replace((name, Vec::new())) {
                write(corpus, &name, &text)?;
                bar.inc(1);
            }
        } else if let Some((_, text)) = &mut current {
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        Ok(())
    })?;
    if let Some((name, text)) = current {
        write(corpus, &name, &text)?;
    }
    bar.finish_and_clear();
    step.close("done");
    Ok(())
}

fn objects(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).context("failed to read the objects")?;
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    files.sort();
    Ok(files)
}

/// Writes the results of an object, as a file of JSON.
fn write(corpus: &Corpus, name: &str, text: &[u8]) -> Result<()> {
    let path = corpus.logs().join(format!("{name}.json"));
    let file =
        File::create(&path).with_context(|| format!("failed to write {}", path.display()))?;
    let mut unpack = Command::new("sh")
        .args(["-c", "base64 -d | gzip -dc"])
        .stdin(Stdio::piped())
        .stdout(file)
        .spawn()
        .context("failed to run sh")?;
    let mut stdin = unpack.stdin.take().context("stdin is a pipe")?;
    stdin.write_all(text).context("failed to unpack a log")?;
    drop(stdin);
    let status = unpack.wait().context("failed to wait for sh")?;
    let is_empty = path.metadata().is_ok_and(|file| file.len() == 0);
    if is_empty || !status.success() {
        out::note(format_args!(
            "{name} was not loaded: it takes too long, or cannot be opened"
        ));
        fs::remove_file(&path).context("failed to remove an empty log")?;
    }
    Ok(())
}

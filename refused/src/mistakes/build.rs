//! Part of the build script: compiles each kind as it is rendered, and with each mistake.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bpfapps_templates::{App, Kind};

use crate::mistakes::MISTAKES;

/// The mistakes are the point: clang would warn about some.
const QUIET: &str = "#pragma clang diagnostic ignored \"-Weverything\"";

/// A source to compile.
struct Job {
    source: PathBuf,
    object: PathBuf,
}

pub(crate) fn build(out: &Path) {
    let mut jobs = Vec::new();
    let mut list = String::from("&[\n");
    for kind in Kind::all().expect("the templates are right") {
        let job = |mistake: &str| {
            let folder = out.join("kinds").join(&kind.name).join(mistake);
            let source = folder.join("app.bpf.c");
            let object = folder.join("app.bpf.o");
            Job { source, object }
        };
        let values = kind.defaults();
        let app = App {
            binary: "kinds",
            name: "app",
            values: &values,
        };
        let files = app.render(&kind).expect("the kind is rendered");
        let text = |name: &str| {
            let path = Path::new("src/bpf").join(name);
            let file = files.iter().find(|file| file.path == path);
            file.map(|file| file.text.as_str())
        };
        let source = text("app.bpf.c").expect("a kind has BPF code");
        let header = text("app.h").expect("and a header");
        let mut add = |mistake: &str,
                       text: &str,
                       lines: &[usize],
                       from: Option<usize>,
                       names: &str| {
            let job = job(mistake);
            let folder = job.source.parent().expect("a folder");
            fs::create_dir_all(folder).expect("OUT_DIR can be written to");
            fs::write(folder.join("app.h"), header).expect("as before");
            fs::write(&job.source, text).expect("as before");
            writeln!(
                list,
                "Made {{ kind: {:?}, kernel: {:?}, mistake: {mistake:?}, lines: &{lines:?}, from: {from:?}, names: {names:?}, \
                 object: include_bytes!({:?}) }},",
                kind.name, kind.manifest.kernel, job.object
            )
            .expect("a String takes it");
            jobs.push(job);
        };
        add("", source, &[], None, "");
        for mistake in MISTAKES {
            if let Some(edited) = (mistake.make)(source) {
                // in place of the licence, so that each line keeps its number
                let (_, rest) = edited.text.split_once('\n').expect("more than a line");
                let text = format!("{QUIET}\n{rest}");
                add(
                    mistake.name,
                    &text,
                    &edited.lines,
                    edited.from,
                    &edited.names,
                );
            }
        }
    }
    list.push(']');
    fs::write(out.join("made.rs"), list).expect("OUT_DIR can be written to");
    compile(&jobs);
}

/// Compiles them on all processors.
fn compile(jobs: &[Job]) {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            bpfapps_build::object_from(&job.source, &job.object);
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(work);
        }
    });
}

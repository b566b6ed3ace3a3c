//! `top` on the running kernel: what its user sees.

mod program;

use std::fs;
use std::path::Path;
use std::process::{self, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bpfapps_testkit::{App, Process, Terminal, Test, cli, documents_of, needs, skip, test};
use libbpf_rs::query::ProgInfoIter;
use libbpf_rs::{MapCore as _, MapFlags, MapHandle, MapType, libbpf_sys::bpf_map_create_opts};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::program::Filter;

const TESTS: &[Test] = &[
    test!(program_has_its_runs_and_its_holder),
    test!(runs_are_counted_only_while_it_runs),
    test!(map_has_its_memory_and_its_holder),
    test!(busiest_program_is_first),
    test!(list_is_renewed_on_a_terminal),
    test!(lists_are_blocks_in_a_pipe),
    test!(only_one_capability_is_kept),
    test!(wrong_options_are_refused),
    test!(kernel_that_is_too_old_is_named),
];

fn main() -> ExitCode {
    bpfapps_testkit::main(&[TESTS], &[])
}

/// True if this process is among the holders.
fn is_ours(document: &Value) -> bool {
    let pids = document["pids"].as_array();
    pids.is_some_and(|pids| pids.contains(&process::id().into()))
}

fn program_has_its_runs_and_its_holder() -> Result<()> {
    needs::linux("5.8", "BPF iterators")?;
    let filter = Filter::load("known")?;
    let mut app = App::start(&["top", "-o", "json", "--interval", "0.2"])?;
    app.document(|document| document["name"] == "known")?;
    filter.run(12_345)?;
    app.document(|document| document["name"] == "known" && document["runs"] != 0)?;
    // all of them, however they are spread over intervals
    app.document(|document| document["name"] == "known" && document["runs"] == 0)?;
    let documents = app.documents()?;
    let known: Vec<_> = documents
        .iter()
        .filter(|it| it["name"] == "known")
        .collect();
    let sum = |field: &str| {
        known
            .iter()
            .filter_map(|it| it[field].as_u64())
            .sum::<u64>()
    };
    ensure!(
        sum("runs") == 12_345 && sum("run_time_ns") > 0,
        "{known:#?}"
    );
    for document in known {
        ensure!(document["program_type"] == "socket_filter", "{document}");
        ensure!(
            is_ours(document) && document["memory_bytes"] != 0,
            "{document}"
        );
        let runs = document["runs"].as_f64().context("a number")?;
        let rate = runs * 1e9 / document["interval_ns"].as_f64().context("a number")?;
        let shown = document["runs_per_second"].as_f64().context("a number")?;
        ensure!((rate - shown).abs() <= 1.0, "{document}");
    }
    Ok(())
}

/// The nanoseconds that the kernel has counted of the program.
fn counted(name: &str) -> Result<u64> {
    let program = ProgInfoIter::default().find(|program| program.name == *name);
    Ok(program.context("it is loaded")?.run_time_ns)
}

fn runs_are_counted_only_while_it_runs() -> Result<()> {
    needs::linux("5.8", "BPF iterators")?;
    let always = fs::read_to_string("/proc/sys/kernel/bpf_stats_enabled")?;
    if always.trim() != "0" {
        return skip("this machine counts all the time");
    }
    let filter = Filter::load("uncounted")?;
    let mut app = App::start(&["top", "-o", "json", "--interval", "0.05"])?;
    filter.run(1000)?;
    app.document(|document| document["name"] == "uncounted" && document["runs"] == 1000)?;
    ensure!(is_counting()?, "nobody has the kernel count");
    app.end()?.expect_no_stderr()?;
    // it ends when nobody else wants it
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let before = counted("uncounted")?;
        ensure!(before > 0, "nothing was counted");
        let is_free = !is_counting()?;
        filter.run(1000)?;
        let after = counted("uncounted")?;
        if is_free && !is_counting()? {
            ensure!(after == before, "it is counted still");
            return Ok(());
        }
        if Instant::now() > end {
            return skip("another process has the kernel count all the time");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// True if a process has the kernel count runs.
fn is_counting() -> Result<bool> {
    for process in fs::read_dir("/proc")? {
        // one that is gone wants nothing
        let files = fs::read_dir(process?.path().join("fd"));
        for file in files.into_iter().flatten().flatten() {
            let name = fs::read_link(file.path()).unwrap_or_default();
            if name == Path::new("anon_inode:bpf-stats") {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn map_has_its_memory_and_its_holder() -> Result<()> {
    needs::linux("5.8", "BPF iterators")?;
    let options = bpf_map_create_opts {
        sz: size_of::<bpf_map_create_opts>() as u64,
        ..bpf_map_create_opts::default()
    };
    let map = MapHandle::create(MapType::Array, Some("known_map"), 4, 4096, 16, &options)?;
    map.update(&0_u32.to_ne_bytes(), &[0; 4096], MapFlags::ANY)?;
    let documents = documents_of(&["top", "--maps", "--once", "-o", "json"])?;
    let known = documents.iter().find(|it| it["name"] == "known_map");
    let known = known.with_context(|| format!("{documents:#?}"))?;
    ensure!(
        known["map_type"] == "array" && known["max_entries"] == 16,
        "{known}"
    );
    ensure!(is_ours(known), "{known}");
    let memory = known["memory_bytes"].as_u64();
    ensure!(
        memory.is_none_or(|bytes| (16 * 4096..32 * 4096).contains(&bytes)),
        "{known}"
    );
    Ok(())
}

fn busiest_program_is_first() -> Result<()> {
    needs::linux("5.8", "BPF iterators")?;
    // in another order than that of their ids
    let _idle = Filter::load("idle")?;
    let busy = Filter::load("busy")?;
    let is_over = AtomicBool::new(false);
    let exit = thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                busy.run(100_000)?;
            }
            anyhow::Ok(())
        });
        let exit = Process::run(&mut cli(["top", "--once", "--interval", "0.1"]));
        is_over.store(true, Ordering::Relaxed);
        exit
    });
    let exit = exit?.expect_code(0)?;
    let (title, rows) = exit.stdout.split_first().context("no title")?;
    let columns = "ID     TYPE           NAME             RUNS/S    NS/RUN   CPU     MEMORY  HOLDERS PID     COMM";
    ensure!(title == columns, "{title}");
    let place = |name| rows.iter().position(|row| row.contains(name));
    let [busy, own, idle] = [" busy ", " list_holders ", " idle "].map(place);
    ensure!(busy.is_some() && busy < own && own < idle, "{exit:#?}");
    let idle = idle.map_or("", |place| &rows[place]);
    let words: Vec<_> = idle.split_whitespace().collect();
    ensure!(
        words.len() == 10 && words[1..6] == ["socket_filter", "idle", "0", "-", "0.00%"],
        "{idle}"
    );
    ensure!(words[7..9] == ["1", &process::id().to_string()], "{idle}");
    Ok(())
}

fn list_is_renewed_on_a_terminal() -> Result<()> {
    needs::linux("5.8", "BPF iterators")?;
    let terminal = Terminal::new(40)?;
    let mut command = cli(["top", "--interval", "0.05", "--top", "2"]);
    command.env("TERM", "xterm").env("NO_COLOR", "1");
    let mut app = Process::start_on(&terminal, &mut command)?;
    let is_title =
        |line: &str| line.ends_with("\x1b[H\x1b[KID     TYPE           NAME             …");
    app.line(is_title)?;
    // the next list follows in the line of the last row
    app.line(is_title)?;
    app.signal(Signal::SIGINT)?;
    let exit = app.wait()?.expect_code(0)?.expect_no_stderr()?;
    let last = exit.stdout.last().context("no output")?;
    ensure!(
        last.starts_with("\x1b[J") && last.chars().count() <= 43,
        "{exit:#?}"
    );
    Ok(())
}

fn lists_are_blocks_in_a_pipe() -> Result<()> {
    needs::linux("5.8", "BPF iterators")?;
    let mut app = App::start(&["top", "--interval", "0.05", "--top", "1", "--sort", "id"])?;
    app.row(str::is_empty)?;
    app.row(str::is_empty)?;
    let exit = app.end()?;
    let is_time = |line: &String| line.len() == 8 && line.split(':').count() == 3;
    let [time, title, _, end, next, ..] = exit.stdout.as_slice() else {
        anyhow::bail!("no two lists: {exit:#?}");
    };
    ensure!(is_time(time) && title.starts_with("ID "), "{exit:#?}");
    ensure!(end.is_empty() && is_time(next), "{exit:#?}");
    Ok(())
}

fn only_one_capability_is_kept() -> Result<()> {
    needs::linux("5.8", "BPF iterators")?;
    let mut app = App::start(&["top", "--interval", "0.05"])?;
    // CAP_SYS_ADMIN, and nobody's account
    app.process().expect_privileges("0000000000200000", 65534)?;
    app.end()?;
    Ok(())
}

fn wrong_options_are_refused() -> Result<()> {
    bpfapps_testkit::refuses(&["top"], &[["--top", "0"], ["--interval", "0"]])?;
    Process::run(&mut cli(["top", "--maps", "--sort", "runs"]))?
        .expect_code(1)?
        .expect_stderr("error: failed to sort by `runs`: the fields are id, map_type, name, ")?;
    Ok(())
}

fn kernel_that_is_too_old_is_named() -> Result<()> {
    needs::too_old(&["top"])
}

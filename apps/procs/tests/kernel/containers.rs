//! Which container a process is in, however many cgroups there are and however short it lives.

use std::collections::HashMap;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::cgroup::Cgroup;
use bpfapps_testkit::{Process, Test, many, own_path, test};
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use serde_json::Value;

use crate::documents::{documents, events, start};
use crate::storm::STORM;

pub(crate) const TESTS: &[Test] = &[
    test!(container_is_the_innermost_that_an_engine_has_named),
    test!(failed_exec_has_its_container),
    test!(containers_that_are_gone_at_once_are_named),
];

/// A shell in that cgroup that becomes `command`.
pub(crate) fn inside(cgroup: &Cgroup, command: &str) -> Result<Command> {
    let script = format!("echo $$ > '{}/cgroup.procs' && {command}", cgroup.path());
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).arg(own_path()?);
    Ok(shell)
}

fn container_is_the_innermost_that_an_engine_has_named() -> Result<()> {
    let id = "0123456789abcdef".repeat(4);
    let other = "fedcba9876543210".repeat(4);
    let named = [
        vec![id.clone()],
        vec![format!("docker-{id}.scope")],
        vec![format!("libpod-{id}")],
        vec![format!("libpod-{id}.scope")],
        vec![format!("crio-{id}.scope")],
        vec![
            "kubepods.slice".to_owned(),
            "kubepods-burstable.slice".to_owned(),
            "kubepods-burstable-pod0123.slice".to_owned(),
            format!("cri-containerd-{id}.scope"),
        ],
        // a process in a nested cgroup of the container, one with a very long name
        vec![
            format!("docker-{id}.scope"),
            "n".repeat(200),
            "a".to_owned(),
        ],
        [vec![id.clone()], vec!["a".to_owned(); 15]].concat(),
        // a container in a container
        vec![
            format!("docker-{other}.scope"),
            "system.slice".to_owned(),
            id.clone(),
        ],
    ];
    let unnamed = [
        id[1..].to_owned(),
        format!("0{id}"),
        format!("docker-{}.scope", &id[1..]),
        format!("docker-{id}.service"),
        format!("docker-{}g.scope", &id[1..]),
        id.to_uppercase(),
        // the id ends where the name is cut
        format!("{}-{id}{}", "n".repeat(62), "n".repeat(20)),
    ];
    let unnamed = unnamed.map(|name| (vec![name], None));
    let named = named.map(|path| (path, Some(&id)));

    let outer = Cgroup::new()?;
    let mut procs = start(&["--cgroup", outer.path()])?;
    let mut expected = HashMap::new();
    for (path, container) in named.into_iter().chain(unnamed) {
        let mut cgroups: Vec<Cgroup> = Vec::new();
        for name in &path {
            cgroups.push(cgroups.last().unwrap_or(&outer).below(name)?);
        }
        let last = cgroups.last().context("a path of none")?;
        let child = Process::start(&mut inside(last, "exec sh -c 'exit 5'")?)?;
        expected.insert(child.pid(), (path, container));
        child.wait()?.expect_code(5)?;
        // remove the innermost first
        while cgroups.pop().is_some() {}
    }
    for _ in 0..expected.len() {
        procs.line(|line| line.contains("\"exit\""))?;
    }
    let mut seen = 0;
    for event in events(&documents(procs)?) {
        let pid = event["pid"].as_u64().context("no pid")?;
        let (path, container) = &expected[&u32::try_from(pid)?];
        let container = container.map(|id| Value::from(id.as_str()));
        ensure!(
            event.get("container_id") == container.as_ref(),
            "{path:?}: {event}"
        );
        seen += 1;
    }
    ensure!(seen == 2 * expected.len(), "{seen} events of {expected:?}");
    Ok(())
}

fn failed_exec_has_its_container() -> Result<()> {
    let id = "0123456789abcdef".repeat(4);
    let outer = Cgroup::new()?;
    let cgroup = outer.below(&id)?;
    let mut procs = start(&["--cgroup", outer.path(), "--failed"])?;
    let command = r#"BPFAPPS_FIXTURE=exec_in_vain exec "$0" /nonexistent/program"#;
    Process::run(&mut inside(&cgroup, command)?)?.expect_code(0)?;
    procs.line(|line| line.contains("\"exit\""))?;
    let documents = documents(procs)?;
    let failed = documents
        .iter()
        .find(|event| event["type"] == "exec_failed");
    let failed = failed.context("no failed exec")?;
    ensure!(failed["container_id"] == id, "{failed}");
    ensure!(failed["filename"] == "/nonexistent/program", "{failed}");
    Ok(())
}

/// CPU time that a process has used.
fn used(process: &Process) -> Result<Duration> {
    let clock = clock_getcpuclockid(Pid::from_raw(process.pid().try_into()?))?;
    Ok(clock_gettime(clock)?.into())
}

fn containers_that_are_gone_at_once_are_named() -> Result<()> {
    const FORKS: usize = 20;
    // scanning every cgroup for each new container would take more than ten times that
    const MOST: Duration = Duration::from_millis(1);
    let outer = Cgroup::new()?;
    let others = (0..many(3000)).map(|number| outer.below(&format!("other-{number}")));
    let others = others.collect::<Result<Vec<_>>>()?;
    let mut procs = start(&["--cgroup", outer.path()])?;
    let before = used(&procs)?;

    let containers: Vec<_> = (1..=50).map(|number| format!("{number:064x}")).collect();
    let command = format!(r#"BPFAPPS_FIXTURE=fork_many exec "$0" {STORM} {FORKS}"#);
    for id in &containers {
        let cgroup = outer.below(&format!("docker-{id}.scope"))?;
        Process::run(&mut inside(&cgroup, &command)?)?.expect_code(0)?;
        drop(cgroup);
    }
    let last = containers.last().context("no container")?;
    for _ in 0..=FORKS {
        procs.line(|line| line.contains("\"exit\"") && line.contains(last.as_str()))?;
    }
    let used = used(&procs)? - before;
    drop(others);

    let documents = documents(procs)?;
    let events = events(&documents);
    for id in &containers {
        let own = events
            .iter()
            .filter(|event| event["container_id"] == id.as_str());
        ensure!(own.count() == FORKS + 2, "{id}: {events:#?}");
    }
    ensure!(
        events.len() == containers.len() * (FORKS + 2),
        "{events:#?}"
    );
    let each = used / u32::try_from(events.len())?;
    ensure!(each < MOST, "{each:?} for each of {} events", events.len());
    Ok(())
}

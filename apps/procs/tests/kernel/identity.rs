//! Container, pod and unit of a process, where a user sees them.

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::cgroup::Cgroup;
use bpfapps_testkit::{Process, Test, cli, test};
use serde_json::{Value, json};

use crate::containers::inside;
use crate::documents::{documents, events, start};

pub(crate) const TESTS: &[Test] = &[
    test!(documents_have_container_pod_and_unit),
    test!(service_is_no_container),
    test!(container_of_version_1_is_named),
    test!(path_in_version_2_counts_without_a_container),
    test!(table_has_a_column_of_containers),
    test!(deep_cgroup_is_in_its_container),
];

const ID: &str = "d0b3604b67ac7930dd34ba3a796627e3e4717d12309e90a4afe3f38b6816ac98";
/// A program that ends at once; busybox would not execute `true`.
const EXEC: &str = "exec sh -c 'exit 0'";
const FIELDS: [&str; 5] = [
    "container_id",
    "container_runtime",
    "pod_uid",
    "systemd_unit",
    "systemd_slice",
];

/// Cgroups below `outer`, each in the one before it. They must be dropped from the last on.
fn path(outer: &Cgroup, names: &[&str]) -> Result<Vec<Cgroup>> {
    let mut cgroups: Vec<Cgroup> = Vec::new();
    for name in names {
        cgroups.push(cgroups.last().unwrap_or(outer).below(name)?);
    }
    Ok(cgroups)
}

fn remove(mut cgroups: Vec<Cgroup>) {
    while cgroups.pop().is_some() {}
}

/// Those of [`FIELDS`] that it has.
fn identity(event: &Value) -> Value {
    let fields = FIELDS.iter().filter_map(|name| {
        let value = event.get(name)?;
        Some(((*name).to_owned(), value.clone()))
    });
    Value::Object(fields.collect())
}

/// Runs a process in a cgroup at that path, and compares what its events say, once it is gone.
fn expect(names: &[&str], expected: &Value) -> Result<()> {
    let outer = Cgroup::new()?;
    let mut procs = start(&["--cgroup", outer.path()])?;
    let cgroups = path(&outer, names)?;
    let last = cgroups.last().context("no cgroup")?;
    let child = Process::start(&mut inside(last, EXEC)?)?;
    child.wait()?.expect_code(0)?;
    remove(cgroups);
    procs.line(|line| line.contains("\"exit\""))?;
    let documents = documents(procs)?;
    let events = events(&documents);
    ensure!(events.len() == 2, "{events:#?}");
    for event in events {
        ensure!(identity(event) == *expected, "{expected:#}: {event:#}");
    }
    Ok(())
}

fn documents_have_container_pod_and_unit() -> Result<()> {
    let slice = "kubepods-burstable-pod7d4424e6_bb13_42f4_a47a_45a4828bf54d.slice";
    let scope = format!("cri-containerd-{ID}.scope");
    expect(
        &["kubepods.slice", "kubepods-burstable.slice", slice, &scope],
        &json!({
            "container_id": ID,
            "container_runtime": "containerd",
            "pod_uid": "7d4424e6-bb13-42f4-a47a-45a4828bf54d",
            "systemd_unit": scope,
            "systemd_slice": slice,
        }),
    )
}

fn service_is_no_container() -> Result<()> {
    expect(
        &["system.slice", "web\\x2dserver@1.service"],
        &json!({
            "systemd_unit": "web\\x2dserver@1.service",
            "systemd_slice": "system.slice",
        }),
    )
}

fn deep_cgroup_is_in_its_container() -> Result<()> {
    let (scope, long) = (format!("libpod-{ID}.scope"), "n".repeat(230));
    let names = [&scope[..], &long, &long, &long, &long];
    let found = json!({
        "container_id": ID,
        "container_runtime": "podman",
        "systemd_unit": scope,
        "systemd_slice": "a.slice",
    });
    expect(&[&["a.slice"], &names[..]].concat(), &found)?;
    expect(&[&["a.slice", &scope], &["n"; 28][..]].concat(), &found)?;
    // beyond what is read
    expect(&[&names[..], &[&long]].concat(), &json!({}))?;
    expect(&[&[&scope[..]], &["n"; 32][..]].concat(), &json!({}))
}

/// The identity of a program that procs runs, once it has entered these cgroups.
fn of_command(cgroups: &[&Cgroup]) -> Result<Value> {
    let enter = cgroups
        .iter()
        .map(|cgroup| format!("echo $$ > {}/cgroup.procs && ", cgroup.path()));
    let script = enter.collect::<String>() + EXEC;
    let mut procs = cli(["procs", "-o", "json", "--", "sh", "-c", &script]);
    let lines = Process::run(&mut procs)?.expect_code(0)?.stdout;
    let exec = lines.iter().rfind(|line| line.contains("\"exec\""));
    Ok(identity(&serde_json::from_str(exec.context("no exec")?)?))
}

fn container_of_version_1_is_named() -> Result<()> {
    let outer = Cgroup::of_version_1("pids")?;
    let docker = path(&outer, &["docker", ID])?;
    // the engine's own service, where a container without a cgroup in version 2 stays
    let other = Cgroup::new()?;
    let service = path(&other, &["system.slice", "containerd.service"])?;
    let found = of_command(&[&docker[1], &service[1]])?;
    remove(docker);
    remove(service);
    let expected = json!({"container_id": ID, "container_runtime": "docker"});
    ensure!(found == expected, "{found:#}");
    Ok(())
}

fn path_in_version_2_counts_without_a_container() -> Result<()> {
    let outer = Cgroup::of_version_1("pids")?;
    let session = path(&outer, &["user.slice", "session-1.scope"])?;
    let other = Cgroup::new()?;
    let service = path(&other, &["system.slice", "web.service"])?;
    let found = of_command(&[&session[1], &service[1]])?;
    remove(service);
    remove(session);
    let expected = json!({"systemd_unit": "web.service", "systemd_slice": "system.slice"});
    ensure!(found == expected, "{found:#}");
    Ok(())
}

fn table_has_a_column_of_containers() -> Result<()> {
    let outer = Cgroup::new()?;
    let docker = outer.below(&format!("docker-{ID}.scope"))?;
    let mut procs = Process::start(&mut cli(["procs", "--container", "--cgroup", outer.path()]))?;
    let title = procs.line(|line| line.contains("FILENAME"))?;
    let at = title.find("CONTAINER").context("no column")?;
    for (cgroup, expected) in [(&docker, &ID[..12]), (&outer, "-")] {
        Process::run(&mut inside(cgroup, EXEC)?)?.expect_code(0)?;
        for event in ["EXEC", "EXIT"] {
            let row = procs.line(|line| line.contains(event))?;
            let column = row.get(at..).and_then(|rest| rest.split(' ').next());
            ensure!(column == Some(expected), "{expected}: {row}");
        }
    }
    Ok(())
}

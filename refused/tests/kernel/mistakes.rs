//! The usual mistakes in each kind of app: each is refused, and explained where it was made.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use anyhow::{Context, Result, ensure};
use bpfapps::objects::{open, verify};
use bpfapps_diagnose::Object;
use bpfapps_explain::{Code, Failure};
use bpfapps_host::Release;
use bpfapps_refused::{MADE, MISTAKES, Made, Mistake};
use bpfapps_testkit::{Test, needs, skip, test};

/// A test for each kind, of its name.
macro_rules! tests {
    ($($kind:ident)*) => {
        $(fn $kind() -> Result<()> {
            is_explained(&stringify!($kind)["in_".len()..])
        })*

        pub(crate) const TESTS: &[Test] = &[
            $(test!($kind),)*
            test!(each_kind_is_tested),
            test!(each_mistake_is_made_or_has_no_place),
        ];

        fn each_kind_is_tested() -> Result<()> {
            let tested = BTreeSet::from([$(&stringify!($kind)["in_".len()..]),*]);
            for kind in kinds() {
                ensure!(tested.contains(&*kind.replace('-', "_")), "{kind} is not");
            }
            Ok(())
        }
    };
}

tests! {
    in_cgroup_connect
    in_cgroup_skb
    in_counter
    in_dns
    in_fentry
    in_histogram
    in_kprobe
    in_kprobe_multi
    in_ksyscall
    in_legacy_minimal
    in_lsm
    in_netfilter
    in_perf_buffer
    in_perf_event
    in_raw_tracepoint
    in_sk_lookup
    in_socket_filter
    in_sockops
    in_struct_ops
    in_task_iterator
    in_tc
    in_tcp_iterator
    in_tp_btf
    in_tracepoint
    in_uprobe
    in_usdt
    in_user_ringbuf
    in_xdp
    in_xdp_sources
}

fn kinds() -> BTreeSet<&'static str> {
    MADE.iter().map(|made| made.kind).collect()
}

fn each_mistake_is_made_or_has_no_place() -> Result<()> {
    let mut wrong = Vec::new();
    for mistake in MISTAKES {
        for kind in kinds() {
            let is_it = |made: &Made| made.kind == kind && made.mistake == mistake.name;
            let is_made = MADE.iter().any(is_it);
            let has_none = mistake.nowhere.iter().any(|(_, them)| them.contains(&kind));
            let name = mistake.name;
            match (is_made, has_none) {
                (false, false) => wrong.push(format!("{name} finds no place in {kind} any more")),
                (true, true) => wrong.push(format!("{name} has a place in {kind}")),
                _ => {}
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

fn code(error: &anyhow::Error) -> Option<Code> {
    Failure::of(error).and_then(|failure| failure.explained().0)
}

/// The names of the programs of an object that the kernel refuses, with the reasons.
fn refused(made: &Made) -> Result<Vec<(String, anyhow::Error)>> {
    let object = Object::new("app", made.object);
    let opened = match open(&object) {
        Ok(opened) => opened,
        Err(error) => return Ok(vec![(String::new(), error)]),
    };
    let mut refused = Vec::new();
    for program in opened.progs() {
        let name: &OsStr = program.name();
        let name = name.to_string_lossy().into_owned();
        if let Some(error) = verify(&object, &name)?.failure {
            refused.push((name, error));
        }
    }
    Ok(refused)
}

fn is_explained(kind: &str) -> Result<()> {
    let of_kind: Vec<_> = MADE
        .iter()
        .filter(|made| made.kind.replace('-', "_") == kind)
        .collect();
    let right = of_kind.iter().find(|made| made.mistake.is_empty());
    let right = right.context("there is no such kind")?;
    needs::linux(right.kernel, "this kind")?;

    let mut without = BTreeSet::new();
    for (name, error) in refused(right)? {
        ensure!(
            code(&error) == Some(Code::NO_SUPPORT),
            "{name} as it is: {error:#}"
        );
        without.insert(name);
    }
    let all = open(&Object::new("app", right.object))?.progs().count();
    if without.len() == all {
        return skip("this kernel refuses programs of this type");
    }

    let mut wrong = Vec::new();
    for made in of_kind.iter().filter(|made| !made.mistake.is_empty()) {
        let mistake = MISTAKES.iter().find(|it| it.name == made.mistake);
        let mistake = mistake.context("there is no such mistake")?;
        if let Err(error) = told(made, mistake, &without) {
            wrong.push(format!("{}: {error:#}", made.mistake));
        }
    }
    ensure!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    Ok(())
}

/// Fails unless the kernel refuses it and what is said is right. Nothing is to be learnt from
/// programs that it refuses `without` a mistake.
fn told(made: &Made, mistake: &Mistake, without: &BTreeSet<String>) -> Result<()> {
    let mut refused = refused(made)?;
    refused
        .retain(|(name, error)| !without.contains(name) || code(error) != Some(Code::NO_SUPPORT));
    let running = Release::running()?;
    let may_be_accepted = mistake.accepted.iter().any(|(kinds, since, _)| {
        running.is_at_least(*since) && (kinds.is_empty() || kinds.contains(&made.kind))
    });
    ensure!(
        !refused.is_empty() || may_be_accepted,
        "the kernel accepts it"
    );
    for (_, error) in refused {
        let text = bpfapps_explain::report(&error, "bpfapps explain");
        let failure = Failure::of(&error).context("it is not explained")?;
        let code = failure.explained().0.map(|code| code.to_string());
        ensure!(
            code.as_deref() == Some(mistake.code),
            "not {}: {text}",
            mistake.code
        );
        let fix = failure.hint().unwrap_or_default();
        ensure!(fix.contains(mistake.fix), "another fix: {text}");
        ensure!(text.contains(made.names), "no {}: {text}", made.names);
        if mistake.without_line.contains(&made.kind) {
            continue;
        }
        let place = failure.place().context("no line is marked")?;
        let is_own = place.file.ends_with("/app.bpf.c");
        // what is passed to a function of a header is used there
        let is_below = !is_own && made.from.is_some();
        ensure!(
            is_below || made.lines.contains(&place.line),
            "line {}, not {:?}: {text}",
            place.line,
            made.lines
        );
        if let Some(from) = made.from {
            let shown = format!("{from} | ");
            let is_it = |line: &str| line.trim_start().starts_with(&shown);
            ensure!(text.lines().any(is_it), "not from {from}: {text}");
        }
    }
    Ok(())
}

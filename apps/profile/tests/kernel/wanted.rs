//! Which processes are sampled.

use anyhow::{Result, ensure};
use bpfapps_testkit::cgroup::{Cgroup, missing_is_named};
use bpfapps_testkit::loaded::{loaded, nothing_left};
use bpfapps_testkit::{Process, Test, cli, fixture, many, test};
use nix::sys::signal::Signal;

use crate::fixtures::{count, profile_split, wait_for_cpu, wait_until_it_samples};

pub(crate) const TESTS: &[Test] = &[
    test!(all_processes_are_sampled),
    test!(command_is_sampled_with_its_children_and_nobody_else),
    test!(process_is_sampled_until_it_ends),
    test!(cgroup_is_sampled_and_nobody_else),
    test!(command_does_not_write_into_the_profile),
    test!(only_privileges_that_names_need_are_kept),
];

fn all_processes_are_sampled() -> Result<()> {
    let _other = Process::start(&mut fixture("other")?)?;
    let _split = Process::start(&mut fixture("split")?)?;
    let exit = Process::run(&mut cli(["profile", "--timeout", "2"]))?.expect_code(0)?;
    for function in ["spins_seventy", "spins_otherwise"] {
        ensure!(
            count(&exit.stdout, function)?.0 > many(10) as u64,
            "{exit:#?}"
        );
    }
    Ok(())
}

fn command_is_sampled_with_its_children_and_nobody_else() -> Result<()> {
    let before = loaded();
    let _other = Process::start(&mut fixture("other")?)?;
    let mut command = profile_split(&["--timeout", "60"], "1")?;
    let split: Vec<_> = command.get_args().skip(4).map(ToOwned::to_owned).collect();
    let mut profile = cli(["profile", "--", "sh", "-c", "\"$@\" & wait; exit 3", "sh"]);
    profile.args(split);
    profile.envs(
        command
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let exit = Process::run(&mut profile)?.expect_code(3)?;
    let (seventy, _) = count(&exit.stdout, "spins_seventy")?;
    ensure!(seventy > many(30) as u64, "{exit:#?}");
    ensure!(count(&exit.stdout, "spins_otherwise")?.0 == 0, "{exit:#?}");
    // and with a time that is longer than the command
    Process::run(&mut command)?.expect_code(0)?;
    nothing_left(&before)
}

fn process_is_sampled_until_it_ends() -> Result<()> {
    let _other = Process::start(&mut fixture("other")?)?;
    let split = Process::start(&mut fixture("split")?)?;
    let pid = split.pid().to_string();
    let profile = Process::start(&mut cli(["profile", "--pid", &pid]))?;
    wait_until_it_samples(&profile)?;
    wait_for_cpu(&split, 2.0)?;
    split.signal(Signal::SIGKILL)?;
    // nobody ends it
    let exit = profile.wait()?.expect_code(0)?;
    ensure!(
        count(&exit.stdout, "spins_seventy")?.0 > many(10) as u64,
        "{exit:#?}"
    );
    ensure!(count(&exit.stdout, "spins_otherwise")?.0 == 0, "{exit:#?}");
    Ok(())
}

fn cgroup_is_sampled_and_nobody_else() -> Result<()> {
    let outer = Cgroup::new()?;
    let inner = outer.below("inner")?;
    let _other = Process::start(&mut fixture("other")?)?;
    let split = Process::start(fixture("split_in_cgroup")?.arg(inner.path()))?;
    let args = ["profile", "--timeout", "2", "--cgroup", outer.path()];
    let exit = Process::run(&mut cli(args));
    split.signal(Signal::SIGKILL)?;
    split.wait()?;
    let exit = exit?.expect_code(0)?;
    ensure!(
        count(&exit.stdout, "spins_seventy")?.0 > many(10) as u64,
        "{exit:#?}"
    );
    ensure!(count(&exit.stdout, "spins_otherwise")?.0 == 0, "{exit:#?}");
    missing_is_named("profile")
}

fn command_does_not_write_into_the_profile() -> Result<()> {
    let script = "echo forged 1; i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done";
    let mut command = cli(["profile", "--hz", "997", "--", "sh", "-c", script]);
    let exit = Process::run(&mut command)?.expect_code(0)?;
    ensure!(count(&exit.stdout, "forged")?.1 > 0, "{exit:#?}");
    ensure!(!exit.stdout.concat().contains("forged"), "{exit:#?}");
    exit.expect_stderr("forged 1")?;
    Ok(())
}

fn only_privileges_that_names_need_are_kept() -> Result<()> {
    let profile = Process::start(&mut cli(["profile"]))?;
    wait_until_it_samples(&profile)?;
    // CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE, CAP_SYSLOG, CAP_BPF and CAP_CHECKPOINT_RESTORE
    let kept: u64 = [2, 19, 34, 39, 40].iter().map(|bit| 1 << bit).sum();
    profile.expect_privileges(&format!("{kept:016x}"), 65534)?;
    profile.signal(Signal::SIGTERM)?;
    profile.wait()?.expect_code(0)?;
    Ok(())
}

//! What is said where a program can't be attached, or an object can't be opened.

mod fixtures;
mod hooks;
mod objects;

use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use bpfapps_testkit::{Exit, Process, fixture, test};

use crate::fixtures::*;
use crate::hooks::*;
use crate::objects::*;

fn main() -> ExitCode {
    bpfapps_testkit::main(
        &[
            test!(missing_tracepoint_is_named),
            test!(missing_tracefs_is_named),
            test!(missing_raw_tracepoint_is_named),
            test!(missing_function_is_named),
            test!(missing_lsm_hook_and_iterator_are_named),
            test!(missing_symbol_is_named),
            test!(missing_binary_is_named),
            test!(kernel_without_kprobes_is_named),
            test!(function_that_may_not_be_probed_is_named),
            test!(kernel_without_kprobe_multi_is_named),
            test!(kernel_without_netfilter_programs_is_named),
            test!(kernel_that_takes_no_fentry_is_named),
            test!(missing_capability_is_named),
            test!(closed_perf_events_are_named),
            test!(holder_of_a_cgroup_is_named),
            test!(object_of_the_other_byte_order_is_named),
            test!(object_without_types_is_named),
            test!(object_with_legacy_maps_is_named),
            test!(object_for_another_machine_is_named),
            test!(object_that_ends_early_is_named),
            test!(types_of_another_kernel_are_named),
        ],
        &[
            fixture!(app),
            fixture!(powerless_app),
            fixture!(uprobe),
            fixture!(join),
            fixture!(hold),
            fixture!(open),
        ],
    )
}

/// The command that runs a fixture.
fn run(name: &str, args: &[&str]) -> Result<Command> {
    let mut command = fixture(name)?;
    command.args(args);
    Ok(command)
}

/// Fails unless `command` ends with that error, hint and page, and nothing else is said: not by
/// libbpf either.
fn says(command: &mut Command, code: &str, error: &str, hint: &str) -> Result<()> {
    let exit = Process::run(command)?.expect_code(1)?;
    check(&exit, code, error, hint).with_context(|| format!("{exit:#?}"))
}

fn check(exit: &Exit, code: &str, error: &str, hint: &str) -> Result<()> {
    let [said, mend, more] = exit.stderr.as_slice() else {
        anyhow::bail!("not an error, a hint and a page");
    };
    ensure!(said.starts_with(&format!("error[{code}]: ")), "not {code}");
    ensure!(said.contains(error), "no `{error}`");
    ensure!(
        mend.starts_with(&format!("hint: {hint}")),
        "no hint `{hint}`"
    );
    ensure!(more == &format!("more: bpfapps explain {code}"), "no page");
    Ok(())
}

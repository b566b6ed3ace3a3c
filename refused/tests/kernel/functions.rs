//! What the kernel says when it is asked for a function.

use std::collections::BTreeMap;
use std::io::Write as _;

use anyhow::{Result, ensure};
use bpfapps_explain::Code;
use bpfapps_host::hooks::functions::Functions;
use bpfapps_host::hooks::{Finding, Hooks};
use bpfapps_refused::UNTRACED;
use bpfapps_testkit::{Process, Test, cli, needs, skip, test};
use tempfile::NamedTempFile;

pub(crate) const TESTS: &[Test] = &[
    test!(function_is_there_if_the_kernel_lists_it),
    test!(doctor_names_a_function_that_is_not_traced),
];

/// The kernel is asked for one function; its lists take longer to write.
fn function_is_there_if_the_kernel_lists_it() -> Result<()> {
    needs::kprobes()?;
    let (listed, traced) = (Functions::read()?, Functions::traceable()?);
    let hooks = Hooks::of_this_kernel();
    let mut counts = BTreeMap::<_, usize>::new();
    for name in listed.names() {
        *counts.entry(name).or_default() += 1;
    }
    let mut wrong = Vec::new();
    let (mut forbidden, mut aliases) = (0, 0);
    // a part of a function is not asked for alone
    let whole = counts.iter().filter(|(name, _)| !name.contains('.'));
    for (name, count) in whole.step_by(counts.len() / 200 + 1) {
        let found = hooks.function(name);
        let is_right = match (count, traced.has(name)) {
            (1, true) if is(found.clone(), Code::NOT_TRACEABLE) => {
                forbidden += 1;
                true
            }
            (1, true) => found == Finding::There,
            // only this processor tells
            (1, false) if cfg!(target_arch = "x86_64") => {
                aliases += usize::from(found == Finding::There);
                found == Finding::There || is(found, Code::NOT_TRACEABLE)
            }
            // not all kernels refuse one of several
            _ => found == Finding::There || is(found, Code::NOT_TRACEABLE),
        };
        if !is_right {
            wrong.push(format!("{name}, {count} times: {:?}", hooks.function(name)));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    // kprobes are forbidden on few functions that are traced
    ensure!(forbidden < 5, "{forbidden} are forbidden");
    // the traced functions are listed by one name each
    ensure!(aliases < 5, "{aliases} are not listed, but there");
    let missing = hooks.function("vfs_read_of_none");
    ensure!(is(missing, Code::NO_FUNCTION), "it is there");
    Ok(())
}

fn is(found: Finding, code: Code) -> bool {
    found.absent().is_some_and(|absent| absent.code == code)
}

fn doctor_names_a_function_that_is_not_traced() -> Result<()> {
    needs::kprobes()?;
    if !cfg!(target_arch = "x86_64") {
        return skip("only x86-64 tells whether a function is traced");
    }
    let mut file = NamedTempFile::new()?;
    file.write_all(UNTRACED)?;
    let exit = Process::run(cli(["doctor", "--object"]).arg(file.path()))?.expect_code(1)?;
    let words = "this kernel has, but can not trace, kprobe/kprobe_int3_handler";
    let line = exit.stdout.iter().find(|line| line.contains(words));
    ensure!(line.is_some(), "{exit:#?}");
    Ok(())
}

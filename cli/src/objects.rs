//! BPF object files that belong to no app, as `doctor` tries them: opened, loaded as a whole or a program alone, and let go again.

use anyhow::{Context as _, Result};
use bpfapps_core::{logging, raise_memlock};
use bpfapps_diagnose::{self as diagnose, Loading, Object, Programs};
use libbpf_rs::OpenObject;

/// Opens it.
///
/// # Errors
///
/// It is no BPF object, or none for this machine.
pub fn open(object: &Object<'_>) -> Result<OpenObject> {
    object
        .check()
        .with_context(|| format!("failed to open BPF object {}", object.name))?;
    let mut builder = object.builder()?;
    let (opened, log) = logging::keep(|| builder.open_memory(&object.bytes));
    match opened {
        Ok(mut open) => {
            log.print();
            diagnose::unpin(&mut open);
            Ok(open)
        }
        Err(err) => {
            let verdict = diagnose::open(err, log.messages(), Some(object), false);
            Err(log.tell(verdict))
        }
    }
}

/// Lets the kernel verify the whole object, and leaves nothing behind: a test of whether it would
/// load.
///
/// # Errors
///
/// libbpf can't read it, or the kernel refuses a map or a program.
pub fn try_load(object: &Object<'_>) -> Result<()> {
    load(object, open(object)?)
}

/// The same for one program, as if it were the only one.
///
/// # Errors
///
/// Those of [`try_load`].
pub fn try_program(object: &Object<'_>, name: &str) -> Result<()> {
    let mut open = open(object)?;
    for mut program in open.progs_mut() {
        let is_it = program.name() == name;
        program.set_autoload(is_it);
    }
    load(object, open)
}

fn load(object: &Object<'_>, open: OpenObject) -> Result<()> {
    raise_memlock();
    let programs = Programs::of(&open);
    let (loaded, log) = logging::keep(|| open.load());
    match loaded {
        Ok(_) => {
            log.print();
            Ok(())
        }
        Err(err) => {
            let loading = Loading {
                programs,
                // nothing is known of it
                kernel: "4.4",
                uses_ring_buffer: false,
                btf: None,
                colours: false,
            };
            let verdict = diagnose::load(err, log.messages(), &loading, Some(object));
            Err(log.tell(verdict))
        }
    }
}

//! Checks that everything that a program calls exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use bpfapps_explain::{Code, Failure};
use libbpf_rs::btf::types::DataSec;
use libbpf_rs::btf::{Btf, BtfType};
use object::{Object as _, ObjectSymbol as _};

/// Refuses an object with an undefined symbol: libbpf's linker would crash, or leave the error to
/// the loader.
pub(crate) fn check(object: &Path) -> Result<()> {
    let failed = || format!("failed to read {}", object.display());
    let bytes = fs::read(object).with_context(failed)?;
    let elf = object::File::parse(&*bytes).with_context(failed)?;
    let btf = Btf::from_path(object).with_context(failed)?;
    // symbols of the kernel are listed in the BTF sections `.ksyms` and `.kconfig`
    let of_kernel: BTreeSet<_> = btf
        .type_by_kind::<DataSec<'_>>()
        .flat_map(|section| section.iter().map(|entry| entry.ty).collect::<Vec<_>>())
        .filter_map(|id| btf.type_by_id::<BtfType<'_>>(id)?.name()?.to_str())
        .collect();
    let mut undefined = elf
        .symbols()
        .filter(|symbol| symbol.is_undefined())
        .filter_map(|symbol| symbol.name().ok())
        .filter(|name| !name.is_empty() && !of_kernel.contains(name));
    match undefined.next() {
        None => Ok(()),
        Some(name) => Err(Failure::without_hint(format!(
            "{name} is used, but nowhere defined: give a function its body, as static"
        ))
        .code(Code::MISSING_BODY)
        .into()),
    }
}

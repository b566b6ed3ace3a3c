//! The kernel functions that BPF programs may call: kfuncs, which pahole tags in the BTF of Linux
//! 6.10 and newer.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use libbpf_rs::btf::types::{DeclTag, Func};
use libbpf_rs::btf::{Btf, ReferencesType, TypeId};

pub(super) const HEAD: &str = "
/* kfuncs: with other declarations of them, define BPF_NO_KFUNC_PROTOTYPES */
#ifndef BPF_NO_KFUNC_PROTOTYPES
#ifndef __ksym
#define __ksym __attribute__((section(\".ksyms\")))
#endif
#ifndef __weak
#define __weak __attribute__((weak))
#endif

";

pub(super) const TAIL: &str = "#endif /* BPF_NO_KFUNC_PROTOTYPES */\n";

/// The kfuncs in the BTF of `file`, each with the id of its prototype: sorted, so that two headers
/// can be compared.
pub(super) fn read(file: &Path) -> Result<BTreeMap<String, TypeId>> {
    let btf = Btf::from_path(file).context("failed to read the kfuncs")?;
    let tags = btf.type_by_kind::<DeclTag<'_>>();
    let kfuncs = tags.filter(|tag| {
        // with an index it would be the tag of a parameter
        tag.component_index().is_none() && tag.name().is_some_and(|name| name == "bpf_kfunc")
    });
    let prototypes = kfuncs.filter_map(|tag| {
        let function: Func<'_> = btf.type_by_id(tag.referenced_type().type_id())?;
        let name = function.name()?.to_str()?.to_owned();
        Some((name, function.referenced_type().type_id()))
    });
    Ok(prototypes.collect())
}

//! Members of the running kernel's structs, similar to one that it lacks.

use std::path::Path;

use bpfapps_explain::{did_you_mean, nearest};
use bpfapps_host::hooks::btf::KERNEL;
use libbpf_rs::btf::types::{Array, Composite};
use libbpf_rs::btf::{Btf, BtfType};

/// A suggestion for the field that libbpf has not found: `failed to resolve CO-RE relocation
/// <byte_off> [5] struct task_struct___x.se.nope (0:0 @ offset 0)`. The kernel's BTF is in `btf`.
pub(super) fn suggestion(log: &str, btf: Option<&Path>) -> Option<String> {
    let (_, said) = log.split_once("failed to resolve CO-RE relocation <")?;
    let (_, name) = said.lines().next()?.split_once("] ")?;
    let (name, _) = name.split_once(" (")?;
    let (ty, path) = name.split_once('.')?;
    let ty = ty.rsplit(' ').next()?.split("___").next()?;
    let btf = Btf::from_path(btf.unwrap_or(Path::new(KERNEL))).ok()?;
    let mut at = *btf.type_by_name::<Composite<'_>>(ty)?;
    for step in path.split('.') {
        let step = step.split('[').next()?;
        let members = members(&btf, at);
        match members.iter().find(|(name, _)| name == step) {
            Some((_, ty)) => at = *ty,
            None => return did_you_mean(&nearest(step, members.iter().map(|(name, _)| &**name))),
        }
    }
    None
}

/// The members of a struct or union, with those of anonymous ones in it.
fn members<'btf>(btf: &'btf Btf<'_>, ty: BtfType<'btf>) -> Vec<(String, BtfType<'btf>)> {
    let mut ty = ty.skip_mods_and_typedefs();
    // an array element is not a step of its own
    while let Ok(array) = Array::try_from(ty) {
        ty = array.contained_type().skip_mods_and_typedefs();
    }
    let Ok(composite) = Composite::try_from(ty) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for member in composite.iter() {
        let Some(inner) = btf.type_by_id::<BtfType<'_>>(member.ty) else {
            continue;
        };
        match member.name {
            Some(name) => all.push((name.to_string_lossy().into_owned(), inner)),
            None => all.extend(members(btf, inner)),
        }
    }
    all
}

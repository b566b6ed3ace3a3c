//! A kernel's BTF without all that some objects do not read.

mod alike;
mod fields;
mod kept;
mod write;

use std::collections::{HashMap, HashSet};

use fields::Pair;
use kept::Kept;

use crate::relocation::{Relocation, RelocationKind, essential};
use crate::{Btf, Object};

pub(crate) use alike::names;
pub(crate) use fields::{Step, path};

/// Makes BTF with the types, members and enumerators of `kernel` that `objects` read. libbpf
/// relocates these objects with it as with all of the kernel's BTF, but for the numbers of types
/// (`bpf_core_type_id_kernel`), which have no meaning in a kernel without BTF.
///
/// Pointers lead to `void` unless the object looks behind them, and structs without members stand
/// for those of which only the size is needed.
pub fn minimal(kernel: &Btf<'_>, objects: &[Object<'_>]) -> Vec<u8> {
    let by_name = candidates(kernel, objects);
    let mut kept = Kept::of(kernel);
    for object in objects {
        let Some(local) = &object.types else { continue };
        let pair = Pair {
            local,
            target: kernel,
        };
        for relocation in &object.relocations {
            let Some(ty) = local.get(relocation.ty) else {
                continue;
            };
            let ids = by_name.get(essential(local.name(ty.name)));
            for &id in ids.into_iter().flatten() {
                if kernel.get(id).is_some_and(|its| ty.kind.suits(its.kind)) {
                    keep(pair, &mut kept, relocation, id);
                }
            }
        }
    }
    write::btf(kernel, &kept.finish())
}

/// The kernel's types by name, of the names that the objects refer to.
fn candidates<'a>(kernel: &Btf<'a>, objects: &[Object<'_>]) -> HashMap<&'a str, Vec<u32>> {
    let mut wanted = HashSet::new();
    for object in objects {
        let Some(local) = &object.types else { continue };
        let types = object.relocations.iter().filter_map(|it| local.get(it.ty));
        wanted.extend(types.map(|ty| essential(local.name(ty.name))));
    }
    wanted.remove("");
    let mut by_name: HashMap<_, Vec<_>> = HashMap::new();
    for id in 1..kernel.len() {
        let name = kernel.get(id).map(|ty| kernel.name(ty.name));
        let name = essential(name.unwrap_or_default());
        if wanted.contains(name) {
            by_name.entry(name).or_default().push(id);
        }
    }
    by_name
}

/// Keeps what a relocation reads of the kernel's type `id`, if it is what it looks for.
fn keep(pair: Pair<'_, '_>, kept: &mut Kept<'_, '_>, relocation: &Relocation<'_>, id: u32) {
    match relocation.kind {
        kind if kind.is_field() => {
            let steps = relocation.steps();
            let steps = steps.and_then(|steps| path(pair.local, relocation.ty, &steps));
            if let Some(used) = steps.and_then(|steps| pair.find(&steps, id)) {
                kept.keep(id);
                for (ty, member) in used {
                    kept.keep_member(ty, member);
                }
            }
        }
        kind if kind.is_enumerator() => {
            keep_enumerator(pair, kept, relocation, id);
        }
        RelocationKind::TypeMatches => alike::keep(pair, kept, relocation.ty, id),
        RelocationKind::TypeExists | RelocationKind::TypeSize | RelocationKind::TypeIdTarget => {
            kept.keep_deep(id);
        }
        // nothing of the kernel, or of a compiler that libbpf does not know either
        _ => {}
    }
}

fn keep_enumerator(
    pair: Pair<'_, '_>,
    kept: &mut Kept<'_, '_>,
    relocation: &Relocation<'_>,
    id: u32,
) -> Option<()> {
    let (_, ours) = pair.local.resolve(relocation.ty)?;
    let (inner, its) = pair.target.resolve(id)?;
    let index = *relocation.steps()?.first()?;
    let wanted = essential(pair.local.name(names(&ours).nth(index)?));
    for (at, name) in names(&its).enumerate() {
        if its.kind.is_enum() && essential(pair.target.name(name)) == wanted {
            kept.keep(id);
            kept.keep_value(inner, at);
        }
    }
    Some(())
}

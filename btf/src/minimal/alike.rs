//! Types that an object compares with its own as a whole (`bpf_core_type_matches`), by the rules of
//! libbpf (`relo_core.c`).

use std::collections::HashSet;

use super::fields::Pair;
use super::kept::Kept;
use crate::ext::word;
use crate::relocation::essential;
use crate::types::{Kind, Type};

/// Maximum depth of structs and prototypes, as in libbpf.
const DEEPEST: usize = 32;

/// Keeps of the kernel's type `target` what decides whether it matches the object's type `local`.
pub(crate) fn keep(pair: Pair<'_, '_>, kept: &mut Kept<'_, '_>, local: u32, target: u32) {
    let mut seen = HashSet::new();
    let mut next = vec![(local, target, false, DEEPEST)];
    while let Some((local, target, is_behind_pointer, level)) = next.pop() {
        if level == 0 || !seen.insert((local, target, is_behind_pointer)) {
            continue;
        }
        kept.keep(target);
        let (Some((_, ours)), Some((id, its))) =
            (pair.local.resolve(local), pair.target.resolve(target))
        else {
            continue;
        };
        if !ours.kind.suits(its.kind) {
            continue;
        }
        let mut push = |local, target, is_behind| next.push((local, target, is_behind, level - 1));
        match ours.kind {
            Kind::Struct | Kind::Union if !is_behind_pointer => {
                let all = ours.members().all(|our| {
                    let mut has = false;
                    for (at, member) in its.members().enumerate() {
                        if alike(pair, our.name, member.name) {
                            kept.keep_member(id, at);
                            push(our.ty, member.ty, false);
                            has = true;
                        }
                    }
                    has
                });
                if all {
                    // libbpf wants no fewer than the object has, which may have two of a name
                    kept.fill(id, ours.members().len());
                }
            }
            Kind::Enum | Kind::Enum64 => {
                let all = names(&ours).all(|our| {
                    let mut has = false;
                    for (at, name) in names(&its).enumerate() {
                        if alike(pair, our, name) {
                            kept.keep_value(id, at);
                            has = true;
                        }
                    }
                    has
                });
                if all {
                    kept.fill(id, ours.entries().len());
                }
            }
            Kind::Pointer => push(ours.size_or_type, its.size_or_type, true),
            Kind::Array => {
                if let (Some(ours), Some(its)) = (ours.array(), its.array()) {
                    push(ours.element, its.element, is_behind_pointer);
                }
            }
            Kind::Prototype => {
                push(ours.size_or_type, its.size_or_type, is_behind_pointer);
                for (our, its) in ours.parameters().zip(its.parameters()) {
                    push(our, its, is_behind_pointer);
                }
            }
            _ => {}
        }
    }
}

/// The names of an enum's values.
pub(crate) fn names(ty: &Type<'_>) -> impl Iterator<Item = u32> {
    ty.entries().map(|value| word(value, 0).unwrap_or_default())
}

fn alike(pair: Pair<'_, '_>, local: u32, target: u32) -> bool {
    let (ours, its) = (pair.local.name(local), pair.target.name(target));
    essential(ours) == essential(its)
}

//! What an object reads of a kernel's types, in words that are the same for each way to compile it.

use std::collections::BTreeSet;

use crate::minimal::{Step, path};
use crate::relocation::{Relocation, RelocationKind, essential};
use crate::{Btf, Object};

impl Object<'_> {
    /// What it reads of a kernel's types: `field task_struct.exit_code`, `value state.RUNNING`,
    /// `type task_struct`, `match task_struct`.
    pub fn reads(&self) -> BTreeSet<String> {
        let types = self.types.iter();
        let reads = types.flat_map(|types| {
            let relocations = self.relocations.iter();
            relocations.filter_map(|it| words(types, it))
        });
        reads.collect()
    }
}

/// `None` if it reads nothing of the kernel's.
fn words(types: &Btf<'_>, relocation: &Relocation<'_>) -> Option<String> {
    let name = |ty: u32| essential(types.name(types.get(ty).map_or(0, |ty| ty.name)));
    let ty = name(relocation.ty);
    match relocation.kind {
        kind if kind.is_field() => {
            let mut words = format!("field {ty}");
            for step in path(types, relocation.ty, &relocation.steps()?)?
                .iter()
                .skip(1)
            {
                match step {
                    Step::Member(name, _) => words += &format!(".{name}"),
                    Step::Element(index) => words += &format!("[{index}]"),
                }
            }
            Some(words)
        }
        kind if kind.is_enumerator() => {
            let (_, all) = types.resolve(relocation.ty)?;
            let index = *relocation.steps()?.first()?;
            let value = types.name(crate::minimal::names(&all).nth(index)?);
            Some(format!("value {ty}.{}", essential(value)))
        }
        RelocationKind::TypeMatches => Some(format!("match {ty}")),
        RelocationKind::TypeExists | RelocationKind::TypeSize | RelocationKind::TypeIdTarget => {
            Some(format!("type {ty}"))
        }
        _ => None,
    }
}

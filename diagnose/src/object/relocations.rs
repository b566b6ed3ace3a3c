//! The kernel types that an object's CO-RE relocations refer to, as listed in `.BTF.ext`.

use anyhow::{Context, Result};
use bpfapps_btf::ext::Ext;
use bpfapps_btf::{RelocationKind, essential};
use libbpf_rs::btf::types::{Array, Composite, Enum, Enum64};
use libbpf_rs::btf::{Btf, BtfKind, BtfType, TypeId};
use object::{File, Object as _, ObjectSection as _, SectionIndex};

/// A type, a field or an enumerator of the kernel that a program refers to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// Name of the struct, union or enum, without the program's own suffix after `___`.
    pub(super) ty: String,
    /// `struct`, `union`, `enum` or empty.
    pub(super) keyword: &'static str,
    /// The path to a field by names, or one enumerator.
    pub(super) path: Vec<String>,
    pub(super) is_enumerator: bool,
    /// True if the program only checks that it exists.
    pub(super) is_question: bool,
}

/// A reference, and the instruction that makes it.
#[derive(Debug)]
pub(super) struct Relocation {
    pub(super) section: SectionIndex,
    pub(super) at: u64,
    pub(super) wanted: Wanted,
}

/// All relocations of an object; none if it has no BTF.
pub(super) fn of(file: &File<'_>, btf: Option<&Btf<'_>>) -> Result<Vec<Relocation>> {
    match (btf, Ext::of(file)) {
        (Some(btf), Some(ext)) => read(file, btf, &ext).context("the section .BTF.ext is damaged"),
        _ => Ok(Vec::new()),
    }
}

fn read(file: &File<'_>, btf: &Btf<'_>, ext: &Ext<'_>) -> Result<Vec<Relocation>> {
    let mut found = Vec::new();
    for it in ext.relocations()? {
        let section = file
            .section_by_name(it.section)
            .with_context(|| format!("no section {}", it.section))?;
        if let Some(wanted) = wanted(btf, &it) {
            found.push(Relocation {
                section: section.index(),
                at: it.at.into(),
                wanted,
            });
        }
    }
    Ok(found)
}

/// `None` if nothing is required of the kernel, or the object's own types are inconsistent.
fn wanted(btf: &Btf<'_>, relocation: &bpfapps_btf::Relocation<'_>) -> Option<Wanted> {
    let kind = relocation.kind;
    if kind == RelocationKind::TypeIdLocal {
        return None;
    }
    let ty = btf.type_by_id::<BtfType<'_>>(TypeId::from(relocation.ty))?;
    let root = match kind.is_field() {
        true => ty.skip_mods_and_typedefs(),
        false => ty,
    };
    let name = root.name().or_else(|| ty.name())?.to_str()?;
    let steps = relocation.steps()?;
    let path = match kind {
        _ if kind.is_field() => fields(btf, root, &steps)?,
        _ if kind.is_enumerator() => vec![enumerator(&root, *steps.first()?)?],
        _ => Vec::new(),
    };
    Some(Wanted {
        ty: essential(name).to_owned(),
        keyword: keyword(&root),
        path,
        is_enumerator: kind.is_enumerator(),
        is_question: kind.is_question(),
    })
}

pub(super) fn keyword(ty: &BtfType<'_>) -> &'static str {
    match ty.kind() {
        BtfKind::Struct => "struct",
        BtfKind::Union => "union",
        BtfKind::Enum | BtfKind::Enum64 => "enum",
        _ => "",
    }
}

/// The names on the path to a field; the first step is an index into an array of the type.
fn fields<'btf>(btf: &'btf Btf<'_>, mut ty: BtfType<'btf>, steps: &[usize]) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for &step in steps.get(1..)? {
        ty = ty.skip_mods_and_typedefs();
        if let Ok(composite) = Composite::try_from(ty) {
            let member = composite.get(step)?;
            if let Some(name) = member.name {
                names.push(name.to_str()?.to_owned());
            }
            ty = btf.type_by_id(member.ty)?;
        } else {
            ty = Array::try_from(ty).ok()?.contained_type();
        }
    }
    Some(names)
}

fn enumerator(ty: &BtfType<'_>, step: usize) -> Option<String> {
    let name = match Enum::try_from(*ty) {
        Ok(ty) => ty.get(step)?.name,
        Err(_) => Enum64::try_from(*ty).ok()?.get(step)?.name,
    };
    Some(essential(name?.to_str()?).to_owned())
}

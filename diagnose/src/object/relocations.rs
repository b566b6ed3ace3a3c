//! The kernel types that an object's CO-RE relocations refer to, as listed in `.BTF.ext`.

use anyhow::{Context, Result};
use libbpf_rs::btf::types::{Array, Composite, Enum, Enum64};
use libbpf_rs::btf::{Btf, BtfKind, BtfType, TypeId};
use object::{File, Object as _, ObjectSection as _, SectionIndex};

use super::ext::{Ext, word};

/// Kinds of relocations: `enum bpf_core_relo_kind`.
const FIELD_EXISTS: u32 = 2;
const LAST_OF_FIELDS: u32 = 5;
const TYPE_ID_LOCAL: u32 = 6;
const TYPE_EXISTS: u32 = 8;
const ENUMVAL_EXISTS: u32 = 10;
const ENUMVAL_VALUE: u32 = 11;
const TYPE_MATCHES: u32 = 12;

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
    for about in ext.relocations()? {
        let section = file
            .section_by_name(about.section)
            .with_context(|| format!("no section {}", about.section))?;
        for record in about.records {
            let field = |at| word(record, at).context("it ends early");
            let access = ext
                .name(field(8)?)
                .context("a name outside the string table")?;
            if let Some(wanted) = wanted(btf, TypeId::from(field(4)?), access, field(12)?) {
                found.push(Relocation {
                    section: section.index(),
                    at: field(0)?.into(),
                    wanted,
                });
            }
        }
    }
    Ok(found)
}

/// `None` if nothing is required of the kernel, or the object's own types are inconsistent.
fn wanted(btf: &Btf<'_>, ty: TypeId, access: &str, kind: u32) -> Option<Wanted> {
    if kind == TYPE_ID_LOCAL {
        return None;
    }
    let ty = btf.type_by_id::<BtfType<'_>>(ty)?;
    let root = match kind {
        0..=LAST_OF_FIELDS => ty.skip_mods_and_typedefs(),
        _ => ty,
    };
    let name = root.name().or_else(|| ty.name())?.to_str()?;
    let steps: Vec<usize> = access
        .split(':')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    let is_enumerator = matches!(kind, ENUMVAL_EXISTS | ENUMVAL_VALUE);
    let path = match kind {
        0..=LAST_OF_FIELDS => fields(btf, root, &steps)?,
        _ if is_enumerator => vec![enumerator(&root, *steps.first()?)?],
        _ => Vec::new(),
    };
    Some(Wanted {
        ty: essential(name).to_owned(),
        keyword: keyword(&root),
        path,
        is_enumerator,
        is_question: matches!(
            kind,
            FIELD_EXISTS | TYPE_EXISTS | ENUMVAL_EXISTS | TYPE_MATCHES
        ),
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

/// Strips the program's own suffix after three underscores: `task_struct___5_14`.
fn essential(name: &str) -> &str {
    match name.rfind("___") {
        Some(end) if end > 0 => &name[..end],
        _ => name,
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

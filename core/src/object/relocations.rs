//! What an object's CO-RE relocations ask of the kernel's types: `.BTF.ext` lists them.

use libbpf_rs::btf::types::{Array, Composite, Enum, Enum64};
use libbpf_rs::btf::{Btf, BtfKind, BtfType, TypeId};
use object::{File, Object as _, ObjectSection as _, SectionIndex};

use crate::{Context, Result, bail};

/// What libbpf puts in place of an instruction's operand: `enum bpf_core_relo_kind`.
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
    /// Of the struct, union or enum, without the part behind `___` that is the program's own.
    pub(super) ty: String,
    /// `struct`, `union`, `enum` or nothing
    pub(super) keyword: &'static str,
    /// The way to a field by names, or one enumerator.
    pub(super) path: Vec<String>,
    pub(super) is_enumerator: bool,
    /// Whether the program only asks whether it is there.
    pub(super) is_question: bool,
}

/// One in its place.
#[derive(Debug)]
pub(super) struct Relocation {
    pub(super) section: SectionIndex,
    pub(super) at: u64,
    pub(super) wanted: Wanted,
}

/// All of an object; none where it has no BTF.
pub(super) fn of(file: &File<'_>, btf: Option<&Btf<'_>>) -> Result<Vec<Relocation>> {
    let data = |name| file.section_by_name(name).and_then(|it| it.data().ok());
    let (Some(btf), Some(ext), Some(raw)) = (btf, data(".BTF.ext"), data(".BTF")) else {
        return Ok(Vec::new());
    };
    read(file, btf, ext, raw).context("the section .BTF.ext is damaged")
}

fn read(file: &File<'_>, btf: &Btf<'_>, ext: &[u8], raw: &[u8]) -> Result<Vec<Relocation>> {
    let header = word(ext, 4)? as usize;
    // magic and length, then two tables in each file, and this one in those of LLVM 10 and newer
    if header < 32 {
        return Ok(Vec::new());
    }
    let start = header + word(ext, 24)? as usize;
    let table = ext
        .get(start..start + word(ext, 28)? as usize)
        .context("a table that ends behind the file")?;
    let mut found = Vec::new();
    if table.is_empty() {
        return Ok(found);
    }
    let size = word(table, 0)? as usize;
    if size < 16 {
        bail!("records of {size} bytes");
    }
    let mut next = 4;
    while next < table.len() {
        let section = string(raw, word(table, next)?)?;
        let section = file
            .section_by_name(&section)
            .with_context(|| format!("there is no section {section}"))?;
        let count = word(table, next + 4)? as usize;
        next += 8;
        for _ in 0..count {
            let ty = TypeId::from(word(table, next + 4)?);
            let access = string(raw, word(table, next + 8)?)?;
            if let Some(wanted) = wanted(btf, ty, &access, word(table, next + 12)?) {
                found.push(Relocation {
                    section: section.index(),
                    at: word(table, next)?.into(),
                    wanted,
                });
            }
            next += size;
        }
    }
    Ok(found)
}

/// `None` where nothing is asked of the kernel, or the object's own types do not fit together.
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

/// What stands behind three underscores is the program's own: `task_struct___5_14`.
fn essential(name: &str) -> &str {
    match name.rfind("___") {
        Some(end) if end > 0 => &name[..end],
        _ => name,
    }
}

/// The names on the way to a field; the first step is one in an array of the type.
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

fn word(bytes: &[u8], at: usize) -> Result<u32> {
    let bytes = bytes.get(at..at + 4).context("it ends early")?;
    Ok(u32::from_ne_bytes(bytes.try_into()?))
}

/// The string at an offset of those of the section `.BTF`.
fn string(raw: &[u8], offset: u32) -> Result<String> {
    let start = word(raw, 4)? as usize + word(raw, 16)? as usize + offset as usize;
    let text = raw.get(start..).context("a name outside of the file")?;
    Ok(String::from_utf8_lossy(crate::c_bytes(text)).into_owned())
}

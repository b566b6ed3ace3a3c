//! The structs shared by BPF and Rust, and a check that Rust can read each of their bytes.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use libbpf_rs::btf::types::{Array, Int, IntEncoding, MemberAttr, Struct, Var};
use libbpf_rs::btf::{Btf, BtfKind, BtfType, HasSize, ReferencesType, TypeId};

use crate::rows::{counted, tags};

/// A struct that `BPFAPPS_RECORD(name)` anchors in BTF, by a global with its name after an
/// underscore.
pub(crate) struct Declared<'btf> {
    pub(crate) name: &'btf str,
    pub(crate) ty: Struct<'btf>,
    /// The global.
    pub(crate) anchor: TypeId,
}

/// The Rust code that makes records readable by `bpfapps_core`.
pub(crate) fn rust_impls(btf: &Btf<'_>, records: &[Declared<'_>]) -> Result<String> {
    let mut code = String::new();
    let tags = tags::all(btf);
    for Declared { name, ty, .. } in records {
        match counted::parts(btf, ty, &tags) {
            // what is between the parts is never in the kernel
            Some(parts) => {
                check_struct(btf, &parts.key, &format!("{name}.key"))?;
                check_struct(btf, &parts.counts, &format!("{name}.counts"))?;
            }
            None => check_struct(btf, ty, name)?,
        }
        write!(
            code,
            "pub use types::{name};\n\
             // SAFETY: bpfapps-build has read the layout in BTF: integers, enums and arrays of\n\
             // these.\n\
             unsafe impl ::bpfapps_core::Record for types::{name} {{}}\n"
        )?;
    }
    Ok(code)
}

/// The records of an object.
pub(crate) fn declared<'btf>(btf: &'btf Btf<'btf>) -> Vec<Declared<'btf>> {
    let mut records = Vec::new();
    for var in btf.type_by_kind::<Var<'_>>() {
        let ty: BtfType<'_> = var.referenced_type();
        let Ok(record) = Struct::try_from(ty.skip_mods_and_typedefs()) else {
            continue;
        };
        let (Some(name), Some(anchor)) = (name(&record), name(&var)) else {
            continue;
        };
        if anchor.strip_prefix('_') != Some(name) {
            continue;
        }
        records.push(Declared {
            name,
            ty: record,
            anchor: var.type_id(),
        });
    }
    records
}

fn check_struct(btf: &Btf<'_>, record: &Struct<'_>, path: &str) -> Result<()> {
    let mut end = 0;
    for member in record.iter() {
        let name = member
            .name
            .and_then(|name| name.to_str())
            .unwrap_or("(anonymous)");
        let path = format!("{path}.{name}");
        let MemberAttr::Normal { offset } = member.attr else {
            bail!("{path} is a bit field: use a fixed-width integer");
        };
        let offset = offset as usize / 8;
        check_gap(end, offset, &path)?;
        let ty: BtfType<'_> = btf
            .type_by_id(member.ty)
            .context("BTF names a type it lacks")?;
        if is_char(ty) {
            bail!("{path} at offset {offset} is a char: use __u8 or __s8, or char[N] for a text");
        }
        end = offset + check_type(btf, ty, &path, offset)?;
    }
    check_gap(end, record.size(), &format!("the end of struct {path}"))
}

/// Refuses a type that Rust cannot read as it is in memory; returns its size in bytes.
fn check_type(btf: &Btf<'_>, ty: BtfType<'_>, path: &str, offset: usize) -> Result<usize> {
    let refuse = |what: &str| bail!("{path} at offset {offset} is {what}");
    let ty = ty.skip_mods_and_typedefs();
    match ty.kind() {
        BtfKind::Int => {
            let int = Int::try_from(ty).map_err(|_| anyhow::anyhow!("{path} is not an integer"))?;
            match int.encoding {
                IntEncoding::Bool => refuse("a bool: use __u8 or an enum"),
                _ => Ok(usize::from(int.bits).div_ceil(8)),
            }
        }
        BtfKind::Enum => Ok(4),
        BtfKind::Array => {
            let array = Array::try_from(ty).map_err(|_| anyhow::anyhow!("{path} is no array"))?;
            let element = check_type(btf, array.contained_type(), path, offset)?;
            Ok(element * array.capacity())
        }
        BtfKind::Struct => {
            let inner =
                Struct::try_from(ty).map_err(|_| anyhow::anyhow!("{path} is not a struct"))?;
            check_struct(btf, &inner, path)?;
            Ok(inner.size())
        }
        BtfKind::Ptr => refuse("a pointer: it means nothing outside the kernel"),
        BtfKind::Union => refuse("a union: give each meaning a member of its own"),
        other => refuse(&format!(
            "a {other:?}: use fixed-width integers, enums and arrays"
        )),
    }
}

/// True for a number that C may or may not sign, and that reads as a text of one byte.
fn is_char(ty: BtfType<'_>) -> bool {
    let ty = ty.skip_mods_and_typedefs();
    ty.kind() == BtfKind::Int && name(&ty) == Some("char")
}

fn check_gap(end: usize, next: usize, what: &str) -> Result<()> {
    if end < next {
        bail!(
            "{} bytes of unnamed padding at offset {end}, before {what}: name them",
            next - end
        );
    }
    Ok(())
}

fn name<'btf>(ty: &BtfType<'btf>) -> Option<&'btf str> {
    ty.name().and_then(|name| name.to_str())
}

//! The types of the running kernel that objects refer to.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fmt;

use libbpf_rs::btf::types::{Composite, Enum, Enum64};
use libbpf_rs::btf::{Btf, BtfType, TypeId};

use super::Demands;
use super::relocations::keyword;

pub use super::relocations::Wanted;

/// The kernel's types by name. Only requested names are stored: a kernel has more than a hundred
/// thousand types.
pub struct Types<'btf> {
    btf: &'btf Btf<'btf>,
    by_name: HashMap<&'btf OsStr, Vec<TypeId>>,
}

impl<'btf> Types<'btf> {
    /// Looks up all types and symbols named in `demands`.
    pub fn of<'a>(btf: &'btf Btf<'btf>, demands: impl Iterator<Item = &'a Demands>) -> Self {
        let mut names = HashSet::new();
        for demand in demands {
            for program in &demand.programs {
                names.extend(program.types.iter().map(|wanted| wanted.ty.clone()));
            }
            names.extend(demand.externs.iter().map(|it| it.name.clone()));
        }
        let names: HashSet<&OsStr> = names.iter().map(OsStr::new).collect();
        let mut by_name: HashMap<_, Vec<_>> = HashMap::new();
        for ty in all(btf) {
            if let Some(name) = ty.name().filter(|name| names.contains(name)) {
                by_name.entry(name).or_default().push(ty.type_id());
            }
        }
        Self { btf, by_name }
    }

    /// True if a type of this name exists.
    pub fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(OsStr::new(name))
    }

    /// True if the kernel has what the program refers to.
    pub fn have(&self, wanted: &Wanted) -> bool {
        let ids = self.by_name.get(OsStr::new(&wanted.ty));
        ids.into_iter().flatten().any(|id| {
            let Some(ty) = self.btf.type_by_id::<BtfType<'_>>(*id) else {
                return false;
            };
            let ty = match wanted.path.is_empty() {
                true => ty,
                false => ty.skip_mods_and_typedefs(),
            };
            match &wanted.path[..] {
                [] => wanted.keyword == keyword(&ty),
                [name] if wanted.is_enumerator => has_enumerator(ty, name),
                path => self.has_field(ty, path),
            }
        })
    }

    fn has_field(&self, ty: BtfType<'_>, path: &[String]) -> bool {
        let [name, rest @ ..] = path else { return true };
        let mut ty = ty.skip_mods_and_typedefs();
        // an array element is not a step of its own
        while let Ok(array) = libbpf_rs::btf::types::Array::try_from(ty) {
            ty = array.contained_type().skip_mods_and_typedefs();
        }
        let Ok(composite) = Composite::try_from(ty) else {
            return false;
        };
        (0..composite.len())
            .filter_map(|at| composite.get(at))
            .any(|member| {
                let Some(inner) = self.btf.type_by_id::<BtfType<'_>>(member.ty) else {
                    return false;
                };
                match member.name {
                    Some(it) if it == OsStr::new(name) => self.has_field(inner, rest),
                    Some(_) => false,
                    // fields of an anonymous struct belong to the outer one
                    None => self.has_field(inner, path),
                }
            })
    }
}

fn all<'btf>(btf: &'btf Btf<'_>) -> impl Iterator<Item = BtfType<'btf>> {
    (1..btf.len()).filter_map(|id| btf.type_by_id(TypeId::from(u32::try_from(id).ok()?)))
}

fn has_enumerator(ty: BtfType<'_>, name: &str) -> bool {
    if let Ok(ty) = Enum::try_from(ty) {
        let mut values = (0..ty.len()).filter_map(|at| ty.get(at));
        return values.any(|value| value.name.is_some_and(|it| it == name));
    }
    Enum64::try_from(ty).is_ok_and(|ty| {
        let mut values = (0..ty.len()).filter_map(|at| ty.get(at));
        values.any(|value| value.name.is_some_and(|it| it == name))
    })
}

impl fmt::Debug for Types<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Types").finish_non_exhaustive()
    }
}

impl Wanted {
    /// True if this only checks that `other` exists.
    pub fn asks_for(&self, other: &Self) -> bool {
        let named = |it: &Self| (it.ty.clone(), it.path.clone());
        self.is_question && named(self) == named(other)
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.keyword.is_empty() {
            write!(f, "{} ", self.keyword)?;
        }
        f.write_str(&self.ty)?;
        match (&self.path[..], self.is_enumerator) {
            ([], _) => Ok(()),
            ([name], true) => write!(f, ": {name}"),
            (path, _) => write!(f, ".{}", path.join(".")),
        }
    }
}

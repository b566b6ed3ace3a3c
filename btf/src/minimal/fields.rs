//! Fields: the path in an object's type, and the same path in a type of the kernel, by the rules of
//! libbpf (`relo_core.c`).

use std::collections::HashSet;

use crate::Btf;
use crate::relocation::essential;
use crate::types::Kind;

/// Maximum depth of arrays of arrays; types that are nested deeper are damaged.
const DEEPEST: usize = 64;

/// Maximum number of anonymous structs and unions in a type.
const MOST_ANONYMOUS: usize = 4096;

/// A step that means the same in the kernel's type. Anonymous members are none.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'a> {
    /// A member by name, and its type in the object.
    Member(&'a str, u32),
    /// An element of an array; the first one is of the type itself.
    Element(usize),
}

/// A member that is read: its struct or union, and its index in there.
pub(crate) type Used = (u32, usize);

/// The path to a field of the object's type `ty`.
pub(crate) fn path<'a>(btf: &Btf<'a>, ty: u32, indexes: &[usize]) -> Option<Vec<Step<'a>>> {
    let (&first, rest) = indexes.split_first()?;
    let mut steps = vec![Step::Element(first)];
    let mut id = ty;
    for &index in rest {
        let (_, ty) = btf.resolve(id)?;
        if let Some(array) = ty.array() {
            steps.push(Step::Element(index));
            id = array.element;
            continue;
        }
        let member = ty.members().nth(index)?;
        let name = btf.name(member.name);
        if !name.is_empty() {
            steps.push(Step::Member(name, member.ty));
        }
        id = member.ty;
    }
    Some(steps)
}

/// An object and the kernel for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair<'b, 'a> {
    pub(crate) local: &'b Btf<'a>,
    pub(crate) target: &'b Btf<'a>,
}

impl<'a> Pair<'_, 'a> {
    /// The members on the path to a field of the kernel's type `id`. `None` if it lacks the field.
    pub(crate) fn find(&self, steps: &[Step<'a>], mut id: u32) -> Option<Vec<Used>> {
        let mut used = Vec::new();
        let mut is_member = false;
        for (at, step) in steps.iter().enumerate() {
            match *step {
                Step::Member(name, ty) => {
                    id = self.member((name, ty), id, &mut used, &mut HashSet::new())?;
                }
                Step::Element(index) if at > 0 => {
                    let (_, ty) = self.target.resolve(id)?;
                    let array = ty.array()?;
                    let is_flexible = is_member && array.count == 0 && {
                        let &(outer, member) = used.last()?;
                        member + 1 == self.target.get(outer)?.members().len()
                    };
                    if !is_flexible && index >= array.count as usize {
                        return None;
                    }
                    id = array.element;
                }
                Step::Element(_) => {}
            }
            is_member = matches!(step, Step::Member(..));
        }
        Some(used)
    }

    /// Finds a member by its name and type in the object, also in anonymous members, and returns its
    /// type. None is searched twice: a damaged one may contain itself.
    fn member(
        &self,
        wanted: (&str, u32),
        id: u32,
        used: &mut Vec<Used>,
        searched: &mut HashSet<u32>,
    ) -> Option<u32> {
        let (id, ty) = self.target.resolve(id)?;
        if searched.len() == MOST_ANONYMOUS || !searched.insert(id) {
            return None;
        }
        for (at, member) in ty.members().enumerate() {
            let its = self.target.name(member.name);
            used.push((id, at));
            if its.is_empty() {
                if let Some(found) = self.member(wanted, member.ty, used, searched) {
                    return Some(found);
                }
            } else if its == wanted.0 {
                if self.suit(wanted.1, member.ty) {
                    return Some(member.ty);
                }
                used.pop();
                return None;
            }
            used.pop();
        }
        None
    }

    /// True if a field of the one type may be read as one of the other.
    fn suit(&self, mut local: u32, mut target: u32) -> bool {
        for _ in 0..DEEPEST {
            let (Some((_, ours)), Some((_, its))) =
                (self.local.resolve(local), self.target.resolve(target))
            else {
                return false;
            };
            if ours.kind.is_composite() && its.kind.is_composite() {
                return true;
            }
            if !ours.kind.suits(its.kind) {
                return false;
            }
            match ours.kind {
                Kind::Pointer | Kind::Float => return true,
                Kind::Forward | Kind::Enum | Kind::Enum64 => {
                    let ours = essential(self.local.name(ours.name));
                    let its = essential(self.target.name(its.name));
                    return ours.is_empty() || its.is_empty() || ours == its;
                }
                Kind::Int => return ours.first_bit() == 0 && its.first_bit() == 0,
                _ => {}
            }
            let (Some(ours), Some(its)) = (ours.array(), its.array()) else {
                return false;
            };
            (local, target) = (ours.element, its.element);
        }
        false
    }
}

//! The types, members and enumerators that stay.

use std::collections::{BTreeMap, BTreeSet};

use crate::Btf;
use crate::types::Kind;

/// Each type that stays, with the indexes of its members or enumerators that stay.
#[derive(Debug)]
pub(crate) struct Kept<'b, 'a> {
    btf: &'b Btf<'a>,
    types: BTreeMap<u32, BTreeSet<usize>>,
}

impl<'b, 'a> Kept<'b, 'a> {
    pub(crate) fn of(btf: &'b Btf<'a>) -> Self {
        Self {
            btf,
            types: BTreeMap::new(),
        }
    }

    /// Keeps a type and what its size depends on, but no members.
    pub(crate) fn keep(&mut self, id: u32) {
        self.walk(id, |kind| kind.is_alias());
    }

    /// The same with what pointers refer to, and prototypes: libbpf compares these in types.
    pub(crate) fn keep_deep(&mut self, id: u32) {
        self.walk(id, |kind| kind.is_alias() || kind == Kind::Pointer);
    }

    fn walk(&mut self, id: u32, follows: impl Fn(Kind) -> bool) {
        let is_deep = follows(Kind::Pointer);
        let mut seen = BTreeSet::new();
        let mut next = vec![id];
        while let Some(id) = next.pop() {
            let Some(ty) = self.btf.get(id).filter(|_| id != 0 && seen.insert(id)) else {
                continue;
            };
            self.types.entry(id).or_default();
            if let Some(array) = ty.array() {
                next.extend([array.element, array.index]);
            } else if follows(ty.kind) {
                next.push(ty.size_or_type);
            } else if is_deep && ty.kind == Kind::Prototype {
                next.push(ty.size_or_type);
                next.extend(ty.parameters());
            }
        }
    }

    /// Keeps a member of a struct or union, with its type.
    pub(crate) fn keep_member(&mut self, id: u32, index: usize) {
        let member = self.btf.get(id).and_then(|ty| ty.members().nth(index));
        if let Some(member) = member {
            self.keep(id);
            self.keep(member.ty);
            self.types.entry(id).or_default().insert(index);
        }
    }

    /// Keeps an enumerator.
    pub(crate) fn keep_value(&mut self, id: u32, index: usize) {
        self.types.entry(id).or_default().insert(index);
    }

    /// Keeps further members or enumerators, until there are `count`.
    pub(crate) fn fill(&mut self, id: u32, count: usize) {
        let Some(ty) = self.btf.get(id) else { return };
        for index in 0..ty.entries().len() {
            if self.types.get(&id).map_or(0, BTreeSet::len) >= count {
                break;
            }
            match ty.kind.is_composite() {
                true => self.keep_member(id, index),
                false => self.keep_value(id, index),
            }
        }
    }

    /// What stays. An array of no elements is a flexible one if it is the last member: it must not
    /// become the last one.
    pub(crate) fn finish(mut self) -> BTreeMap<u32, BTreeSet<usize>> {
        let is_empty_array = |id| {
            let resolved = self.btf.resolve(id).and_then(|(_, ty)| ty.array());
            resolved.is_some_and(|array| array.count == 0)
        };
        let mut more = Vec::new();
        for (&id, members) in &self.types {
            let Some((ty, last)) = self.btf.get(id).zip(members.last()) else {
                continue;
            };
            let is_last = last + 1 == ty.members().len();
            let last = ty.members().nth(*last);
            if !is_last && last.is_some_and(|last| is_empty_array(last.ty)) {
                more.push((id, ty.members().len() - 1));
            }
        }
        for (id, last) in more {
            self.keep_member(id, last);
        }
        self.types
    }
}

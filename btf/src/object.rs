//! What a BPF object reads of the kernel's types.

use anyhow::{Context, Result};

use crate::ext::Ext;
use crate::{Btf, Relocation, elf};

/// The types and CO-RE relocations of a BPF object.
#[derive(Clone, Debug)]
pub struct Object<'a> {
    /// `None` without CO-RE relocations.
    pub(crate) types: Option<Btf<'a>>,
    pub(crate) relocations: Vec<Relocation<'a>>,
}

impl<'a> Object<'a> {
    /// Reads an object file. One without BTF reads nothing of the kernel.
    ///
    /// # Errors
    ///
    /// It is not a BPF object of this machine's byte order, or damaged.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let file = elf::parse(bytes)?;
        let Some(ext) = Ext::of(&file) else {
            return Ok(Self {
                types: None,
                relocations: Vec::new(),
            });
        };
        let relocations = ext.relocations();
        Ok(Self {
            types: Some(Btf::parse(bytes)?),
            relocations: relocations.context("the section .BTF.ext is damaged")?,
        })
    }

    /// The CO-RE relocations, each with the name of the object's type.
    pub fn relocations(&self) -> impl Iterator<Item = (&'a str, &Relocation<'a>)> {
        let types = self.types.iter();
        types.flat_map(|types| {
            self.relocations.iter().map(|it| {
                let ty = types.get(it.ty);
                (ty.map_or("", |ty| types.name(ty.name)), it)
            })
        })
    }
}

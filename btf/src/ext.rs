//! The section `.BTF.ext`: the source line of each instruction, and its references to kernel types.

use anyhow::{Context, Result, ensure};
use object::{Object, ObjectSection as _};

use crate::relocation::{Relocation, RelocationKind};

/// Position of the offset and length of the names in the header of `.BTF`.
const NAMES: usize = 16;

/// Positions of the offset and length of each table in the header of `.BTF.ext`.
const LINE_INFO: usize = 16;
const RELOCATIONS: usize = 24;

/// Minimum size of a record in both tables, in bytes; newer versions may have more.
const MIN_RECORD: usize = 16;

/// The section, and the string table that it refers to.
#[derive(Clone, Copy, Debug)]
pub struct Ext<'a> {
    ext: &'a [u8],
    names: &'a [u8],
}

/// The records about one section of code.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    /// The name of the section.
    pub section: &'a str,
    /// The records, each of at least 16 bytes.
    pub records: Vec<&'a [u8]>,
}

impl<'a> Ext<'a> {
    /// `None` if the file lacks `.BTF` or `.BTF.ext`.
    pub fn of(file: &impl Object<'a>) -> Option<Self> {
        let data = |name| file.section_by_name(name)?.data().ok();
        Some(Self {
            ext: data(".BTF.ext")?,
            names: part(data(".BTF")?, NAMES)?,
        })
    }

    /// The records that name the source line of an instruction.
    ///
    /// # Errors
    ///
    /// The section is damaged.
    pub fn line_info(&self) -> Result<Vec<Records<'a>>> {
        self.table(LINE_INFO)
    }

    /// The CO-RE relocations.
    ///
    /// # Errors
    ///
    /// The section is damaged.
    pub fn relocations(&self) -> Result<Vec<Relocation<'a>>> {
        let mut relocations = Vec::new();
        for about in self.table(RELOCATIONS)? {
            for record in about.records {
                let field = |at| word(record, at).context("it ends early");
                let access = self.name(field(8)?);
                relocations.push(Relocation {
                    section: about.section,
                    at: field(0)?,
                    ty: field(4)?,
                    access: access.context("a name outside the string table")?,
                    kind: RelocationKind::of(field(12)?),
                });
            }
        }
        Ok(relocations)
    }

    /// The name at an offset in the string table.
    pub fn name(&self, offset: u32) -> Option<&'a str> {
        name(self.names, offset)
    }

    fn table(&self, field: usize) -> Result<Vec<Records<'a>>> {
        let mut sections = Vec::new();
        // objects from clang before 10 have two tables, others three
        if word(self.ext, 4).context("no header")? as usize <= field {
            return Ok(sections);
        }
        let mut table = part(self.ext, field).context("a table extends beyond the section")?;
        if table.is_empty() {
            return Ok(sections);
        }
        let size = take(&mut table, 4).and_then(|size| word(size, 0));
        let size = size.context("it ends early")? as usize;
        ensure!(size >= MIN_RECORD, "records of {size} bytes");
        while let Some(head) = take(&mut table, 8) {
            let (name, count) = (word(head, 0), word(head, 4));
            let name = name.and_then(|name| self.name(name));
            let length = count.and_then(|count| (count as usize).checked_mul(size));
            let records = length.and_then(|length| take(&mut table, length));
            sections.push(Records {
                section: name.context("a name outside the string table")?,
                records: records.context("it ends early")?.chunks(size).collect(),
            });
        }
        Ok(sections)
    }
}

/// The 32-bit word at an offset.
pub fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*bytes))
}

/// The name at an offset in a string table.
pub(crate) fn name(names: &[u8], offset: u32) -> Option<&str> {
    let rest = names.get(offset as usize..)?;
    str::from_utf8(rest.split(|&byte| byte == 0).next()?).ok()
}

/// The part of a BTF section whose length and offset from the end of the header are at `field`.
pub(crate) fn part(section: &[u8], field: usize) -> Option<&[u8]> {
    let begin = word(section, 4)?.checked_add(word(section, field)?)? as usize;
    section.get(begin..begin.checked_add(word(section, field + 4)? as usize)?)
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    bytes.split_off(..count)
}

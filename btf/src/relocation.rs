//! CO-RE relocations: what an instruction reads of the kernel's types.

/// What an instruction reads: `enum bpf_core_relo_kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelocationKind {
    /// The offset of a field, in bytes.
    FieldByteOffset,
    /// The size of a field, in bytes.
    FieldByteSize,
    /// 1 if a field exists.
    FieldExists,
    /// 1 if a field is signed.
    FieldSigned,
    /// The left shift that extracts a field.
    FieldLeftShift,
    /// The right shift that extracts a field.
    FieldRightShift,
    /// The number of a type of the object.
    TypeIdLocal,
    /// The number of a type of the kernel.
    TypeIdTarget,
    /// 1 if a type exists.
    TypeExists,
    /// The size of a type, in bytes.
    TypeSize,
    /// 1 if an enumerator exists.
    EnumeratorExists,
    /// The value of an enumerator.
    EnumeratorValue,
    /// 1 if a type exists that has the same members.
    TypeMatches,
    /// A kind that newer compilers know.
    Unknown(u32),
}

impl RelocationKind {
    pub(crate) const fn of(number: u32) -> Self {
        match number {
            0 => Self::FieldByteOffset,
            1 => Self::FieldByteSize,
            2 => Self::FieldExists,
            3 => Self::FieldSigned,
            4 => Self::FieldLeftShift,
            5 => Self::FieldRightShift,
            6 => Self::TypeIdLocal,
            7 => Self::TypeIdTarget,
            8 => Self::TypeExists,
            9 => Self::TypeSize,
            10 => Self::EnumeratorExists,
            11 => Self::EnumeratorValue,
            12 => Self::TypeMatches,
            _ => Self::Unknown(number),
        }
    }

    /// True if it is about a field.
    pub const fn is_field(self) -> bool {
        matches!(
            self,
            Self::FieldByteOffset
                | Self::FieldByteSize
                | Self::FieldExists
                | Self::FieldSigned
                | Self::FieldLeftShift
                | Self::FieldRightShift
        )
    }

    /// True if it is about an enumerator.
    pub const fn is_enumerator(self) -> bool {
        matches!(self, Self::EnumeratorExists | Self::EnumeratorValue)
    }

    /// True if it only asks whether something exists.
    pub const fn is_question(self) -> bool {
        matches!(
            self,
            Self::FieldExists | Self::TypeExists | Self::EnumeratorExists | Self::TypeMatches
        )
    }
}

/// A reference to a type of the kernel, and the instruction that makes it.
#[derive(Clone, Copy, Debug)]
pub struct Relocation<'a> {
    /// The section of the instruction.
    pub section: &'a str,
    /// The offset of the instruction in its section, in bytes.
    pub at: u32,
    /// The number of the type in the object's own BTF.
    pub ty: u32,
    /// The path to a field as indexes (`0:1:3`), or one enumerator.
    pub access: &'a str,
    /// What it reads.
    pub kind: RelocationKind,
}

impl Relocation<'_> {
    /// The indexes of `access`. `None` if it is no path.
    pub fn steps(&self) -> Option<Vec<usize>> {
        let steps = self.access.split(':').map(str::parse);
        steps.collect::<Result<_, _>>().ok()
    }
}

/// A type's name without the program's own suffix, which starts with three underscores between
/// other characters: `task_struct___5_14`.
pub fn essential(name: &str) -> &str {
    let parts = name
        .as_bytes()
        .windows(5)
        .rposition(|it| it[0] != b'_' && &it[1..4] == b"___" && it[4] != b'_');
    parts.map_or(name, |at| &name[..=at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffix_is_the_last_after_three_underscores() {
        assert_eq!(essential("task_struct___5_14"), "task_struct");
        assert_eq!(essential("a___b___c"), "a___b");
        for whole in ["task_struct", "___a", "a___", "a____b", "", "__x__y"] {
            assert_eq!(essential(whole), whole);
        }
    }
}

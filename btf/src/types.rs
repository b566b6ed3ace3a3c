//! The types of a BTF section.

use anyhow::{Context, Result, bail, ensure};
use object::{File, Object as _, ObjectSection as _, elf::ELFMAG};

use crate::ext::{name, part, word};

pub(crate) const MAGIC: u16 = 0xeb9f;

/// Positions of the offset and length of the types and the names in the header.
const TYPES: usize = 8;
const NAMES: usize = 16;

/// Size of the part that all types have, in bytes.
pub(crate) const COMMON: usize = 12;

/// Sizes of a member of a struct, and of a value of an enum with 32 and 64 bits, in bytes.
pub(crate) const MEMBER: usize = 12;
pub(crate) const VALUE: usize = 8;
pub(crate) const VALUE_64: usize = 12;
pub(crate) const PARAMETER: usize = 8;

/// Maximum length of a chain of typedefs and qualifiers; a longer one is a circle.
const LONGEST_CHAIN: usize = 64;

/// `BTF_KIND_*`, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Void,
    Int,
    Pointer,
    Array,
    Struct,
    Union,
    Enum,
    Forward,
    Typedef,
    Volatile,
    Const,
    Restrict,
    Function,
    Prototype,
    Variable,
    Section,
    Float,
    DeclTag,
    TypeTag,
    Enum64,
}

impl Kind {
    const ALL: [Self; 20] = [
        Self::Void,
        Self::Int,
        Self::Pointer,
        Self::Array,
        Self::Struct,
        Self::Union,
        Self::Enum,
        Self::Forward,
        Self::Typedef,
        Self::Volatile,
        Self::Const,
        Self::Restrict,
        Self::Function,
        Self::Prototype,
        Self::Variable,
        Self::Section,
        Self::Float,
        Self::DeclTag,
        Self::TypeTag,
        Self::Enum64,
    ];

    pub(crate) fn is_composite(self) -> bool {
        matches!(self, Self::Struct | Self::Union)
    }

    pub(crate) fn is_enum(self) -> bool {
        matches!(self, Self::Enum | Self::Enum64)
    }

    /// True if it only renames or qualifies another type.
    pub(crate) fn is_alias(self) -> bool {
        matches!(
            self,
            Self::Typedef | Self::Volatile | Self::Const | Self::Restrict | Self::TypeTag
        )
    }

    /// True if libbpf compares types of these kinds.
    pub(crate) fn suits(self, other: Self) -> bool {
        self == other || (self.is_enum() && other.is_enum())
    }
}

/// A type. Whatever follows the common part is `rest`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Type<'a> {
    pub(crate) name: u32,
    pub(crate) info: u32,
    /// Its size in bytes, or the type that it refers to.
    pub(crate) size_or_type: u32,
    pub(crate) kind: Kind,
    pub(crate) rest: &'a [u8],
}

/// A member of a struct or union.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub(crate) name: u32,
    pub(crate) ty: u32,
}

/// An array's types and number of elements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Array {
    pub(crate) element: u32,
    pub(crate) index: u32,
    pub(crate) count: u32,
}

impl<'a> Type<'a> {
    const VOID: Self = Self {
        name: 0,
        info: 0,
        size_or_type: 0,
        kind: Kind::Void,
        rest: &[],
    };

    fn take(bytes: &mut &'a [u8]) -> Result<Self> {
        let head = bytes.split_off(..COMMON).context("it ends early")?;
        let field = |at| word(head, at).unwrap_or_default();
        let info = field(4);
        let number = info >> 24 & 0x1f;
        let kind = Kind::ALL.get(number as usize).copied();
        let count = (info & 0xffff) as usize;
        let rest = match kind {
            Some(Kind::Int | Kind::Variable | Kind::DeclTag) => 4,
            Some(Kind::Array) => size_of::<Array>(),
            Some(Kind::Struct | Kind::Union | Kind::Section) => count * MEMBER,
            Some(Kind::Enum) => count * VALUE,
            Some(Kind::Enum64) => count * VALUE_64,
            Some(Kind::Prototype) => count * PARAMETER,
            None | Some(Kind::Void) => bail!("a type of unknown kind {number}"),
            Some(_) => 0,
        };
        Ok(Self {
            name: field(0),
            info,
            size_or_type: field(8),
            kind: kind.unwrap_or(Kind::Void),
            rest: bytes.split_off(..rest).context("it ends early")?,
        })
    }

    /// The size of an entry of `rest`, for a type that has several: members, values, parameters.
    pub(crate) fn entry(&self) -> Option<usize> {
        match self.kind {
            Kind::Struct | Kind::Union => Some(MEMBER),
            Kind::Enum => Some(VALUE),
            Kind::Enum64 => Some(VALUE_64),
            Kind::Prototype => Some(PARAMETER),
            _ => None,
        }
    }

    /// The entries of `rest`: members, values or parameters.
    pub(crate) fn entries(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        let size = self.entry().unwrap_or(usize::MAX);
        self.rest.chunks_exact(size)
    }

    /// The members of a struct or union; none of another type.
    pub(crate) fn members(&self) -> impl ExactSizeIterator<Item = Member> + use<'a> {
        let rest = if self.kind.is_composite() {
            self.rest
        } else {
            &[]
        };
        rest.chunks_exact(MEMBER).map(|member| Member {
            name: word(member, 0).unwrap_or_default(),
            ty: word(member, 4).unwrap_or_default(),
        })
    }

    /// The types of a prototype's parameters; none of another type.
    pub(crate) fn parameters(&self) -> impl ExactSizeIterator<Item = u32> + use<'a> {
        let rest = if self.kind == Kind::Prototype {
            self.rest
        } else {
            &[]
        };
        rest.chunks_exact(PARAMETER)
            .map(|it| word(it, 4).unwrap_or_default())
    }

    pub(crate) fn array(&self) -> Option<Array> {
        (self.kind == Kind::Array).then_some(())?;
        Some(Array {
            element: word(self.rest, 0)?,
            index: word(self.rest, 4)?,
            count: word(self.rest, 8)?,
        })
    }

    /// The position of the first bit of an integer, which only old compilers set.
    pub(crate) fn first_bit(&self) -> u32 {
        word(self.rest, 0).unwrap_or_default() >> 16 & 0xff
    }
}

/// The types of a kernel or an object.
#[derive(Clone, Debug)]
pub struct Btf<'a> {
    types: Vec<Type<'a>>,
    names: &'a [u8],
}

impl<'a> Btf<'a> {
    /// Parses BTF: the content of `/sys/kernel/btf/vmlinux`, or an ELF file that contains it.
    ///
    /// # Errors
    ///
    /// It is not BTF, of the other byte order, or damaged.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        if !bytes.starts_with(&ELFMAG) {
            return Self::raw(bytes).context("failed to read BTF");
        }
        let file = File::parse(bytes).context("failed to read ELF file")?;
        let section = file.section_by_name(".BTF").context("no section .BTF")?;
        let data = section.data().context("failed to read section .BTF")?;
        Self::raw(data).context("failed to read section .BTF")
    }

    fn raw(bytes: &'a [u8]) -> Result<Self> {
        let magic = bytes.first_chunk().map(|it| u16::from_ne_bytes(*it));
        ensure!(
            magic != Some(MAGIC.swap_bytes()),
            "it is for machines of the other byte order"
        );
        ensure!(magic == Some(MAGIC), "it does not start like BTF");
        let mut rest = part(bytes, TYPES).context("it ends early")?;
        let names = part(bytes, NAMES).context("it ends early")?;
        let mut types = vec![Type::VOID];
        while !rest.is_empty() {
            types.push(Type::take(&mut rest)?);
        }
        Ok(Self { types, names })
    }

    /// Number of types, with `void`.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.types.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn get(&self, id: u32) -> Option<Type<'a>> {
        self.types.get(id as usize).copied()
    }

    /// The name at an offset; empty for none.
    pub(crate) fn name(&self, offset: u32) -> &'a str {
        name(self.names, offset).unwrap_or_default()
    }

    /// A type behind its typedefs and qualifiers, with its number.
    pub(crate) fn resolve(&self, mut id: u32) -> Option<(u32, Type<'a>)> {
        for _ in 0..LONGEST_CHAIN {
            let ty = self.get(id)?;
            if !ty.kind.is_alias() {
                return Some((id, ty));
            }
            id = ty.size_or_type;
        }
        None
    }
}

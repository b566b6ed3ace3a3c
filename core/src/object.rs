use std::fmt;

/// A BPF object file in this binary. [`skeleton!`](crate::skeleton) makes these.
pub struct Object {
    /// What its `.bpf.c` is called.
    pub name: &'static str,
    /// The Cargo package that it is in.
    pub package: &'static str,
    /// The object file, an ELF file.
    pub bytes: &'static [u8],
}

impl Object {
    /// The object file of `name`, which lives in `package`.
    pub const fn new(name: &'static str, package: &'static str, bytes: &'static [u8]) -> Self {
        Self {
            name,
            package,
            bytes,
        }
    }

    /// Every object file in this binary, in no order.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        inventory::iter::<Self>()
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("name", &self.name)
            .field("package", &self.package)
            .finish_non_exhaustive()
    }
}

inventory::collect!(Object);

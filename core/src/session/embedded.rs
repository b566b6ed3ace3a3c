use std::fmt;

use bpfapps_diagnose::Object;

/// A BPF object file in this binary: [`skeleton!`](crate::skeleton) lists them.
pub struct Embedded {
    /// The name of its `.bpf.c`.
    pub name: &'static str,
    /// The Cargo package that it is in.
    pub package: &'static str,
    bytes: &'static [u8],
}

impl Embedded {
    /// The object file of `name`, which lives in `package`.
    pub const fn new(name: &'static str, package: &'static str, bytes: &'static [u8]) -> Self {
        Self {
            name,
            package,
            bytes,
        }
    }

    /// Every one, in no order.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        inventory::iter::<Self>()
    }

    /// The one in a skeleton, by the name that libbpf-cargo gives it.
    pub(crate) fn of_skeleton(name: &str) -> Option<&'static Self> {
        let name = name.strip_suffix("_bpf")?;
        Self::all().find(|object| object.name == name)
    }

    /// The object file.
    pub const fn object(&self) -> Object<'static> {
        Object::new(self.name, self.bytes)
    }
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedded")
            .field("name", &self.name)
            .field("package", &self.package)
            .finish_non_exhaustive()
    }
}

inventory::collect!(Embedded);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_in_this_binary_is_listed() {
        let trace = Embedded::of_skeleton("trace_bpf").expect("core's own object");
        assert_eq!(trace.package, "bpfapps-core");
        assert!(trace.object().bytes.starts_with(b"\x7fELF"));
    }
}

//! The part of a kernel's BTF that BPF objects read, for kernels without BTF.
//!
//! libbpf relocates a BPF object to the types of the running kernel. Where the kernel was built
//! without BTF, it takes a file with them (`btf_custom_path`). That of a whole kernel has some
//! megabytes; [`minimal`] makes one of a few kilobytes for given objects, like
//! `bpftool gen min_core_btf`, but without libbpf and libelf. A [`Bundle`] has those of many kernels,
//! and finds the one of the running kernel.
//!
//! ```no_run
//! use bpfapps_btf::{Btf, Object, minimal};
//!
//! # fn main() -> anyhow::Result<()> {
//! let kernel = std::fs::read("vmlinux-5.4.btf")?;
//! let object = std::fs::read("tracer.bpf.o")?;
//! let bytes = minimal(&Btf::parse(&kernel)?, &[Object::parse(&object)?]);
//! std::fs::write("tracer-5.4.btf", bytes)?;
//! # Ok(())
//! # }
//! ```

pub mod bundle;
pub mod elf;
pub mod ext;
mod minimal;
mod object;
mod reads;
mod relocation;
mod types;

pub use bundle::{Bundle, Kernel};
pub use minimal::minimal;
pub use object::Object;
pub use relocation::{Relocation, RelocationKind, essential};
pub use types::Btf;

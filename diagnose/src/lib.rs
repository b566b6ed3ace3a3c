//! Why the kernel refuses a BPF object, and what an object asks of the kernel.
//!
//! The kernel answers with a number. What it means follows from the object file, from what libbpf
//! and the verifier have logged, and from the machine: [`load`], [`open`] and [`attach`] put these
//! together once something has failed, and are never in the way of what succeeds. They are handed
//! the log, and print nothing: what of the log they do not tell comes back in the [`Verdict`].
//!
//! ```no_run
//! use bpfapps_diagnose::Object;
//!
//! # fn main() -> anyhow::Result<()> {
//! let object = Object::read("tracer.bpf.o".as_ref())?;
//! let open = object.builder()?.open_memory(&object.bytes)?;
//! for program in object.demands(&open)?.programs {
//!     println!("{} asks for {:?}", program.name, program.capabilities());
//! }
//! # Ok(())
//! # }
//! ```

pub mod object;
mod probe;
mod refusal;
mod target;
mod words;

pub use object::Object;
pub use probe::{make_map, unpin};
pub use refusal::{Loading, Programs, Verdict, attach, failed_to_attach, load, open};
pub use target::{InterfaceHook, Target};
pub use words::{Kept, keep, listen, silently};

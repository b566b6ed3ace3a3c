//! Explains why the kernel refuses a BPF object, and lists what an object requires of the kernel.
//!
//! The kernel returns only an error number. Its meaning depends on the object file, the logs of
//! libbpf and the verifier, and the machine: [`load`], [`open`] and [`attach`] combine these after
//! a failure, and do nothing on success. They are passed the log and print nothing: the log
//! messages that they do not explain are returned in the [`Verdict`].
//!
//! ```no_run
//! use bpfapps_diagnose::Object;
//!
//! # fn main() -> anyhow::Result<()> {
//! let object = Object::read("tracer.bpf.o".as_ref())?;
//! let open = object.builder()?.open_memory(&object.bytes)?;
//! for program in object.demands(&open)?.programs {
//!     println!("{} requires {:?}", program.name, program.capabilities());
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
pub use refusal::{
    Loading, Programs, Verdict, attach, failed_to_attach, load, missing_function, open, recorded,
    user_namespace,
};
pub use target::{InterfaceHook, Target};
pub use words::{Kept, keep, keep_logs, listen, silently};

//! The trait of an app, and the registry of apps.

mod arguments;
mod registry;
mod rehearsal;

use crate::output::Document;
use crate::session::{Needs, Session};

pub use arguments::{UsdtProbe, milliseconds, seconds};
pub use registry::{Registration, registry};
pub use rehearsal::Rehearsal;

/// A BPF application: its options are its type.
///
/// clap takes the help text from the doc comments. `bpfapps list` shows the first line of the
/// type's. An option `--pid` names processes: if one does not exist, the run ends with an error.
pub trait App: clap::Args {
    /// The subcommand, which is also the name of the folder and of the `.bpf.c`.
    const NAME: &'static str;

    /// Requirements on the machine.
    const NEEDS: Needs;

    /// The documents that it prints with `--output json` or `yaml`: `bpfapps schema` is made of
    /// them.
    const DOCUMENTS: &'static [Document] = &[];

    /// Objects of other packages, by name, that the app also loads if the kernel supports them,
    /// such as core's `trace`.
    const ALSO_LOADS: &'static [&'static str] = &[];

    /// Opens, configures, loads and attaches the BPF object, then reports until the run ends.
    ///
    /// # Errors
    ///
    /// Any failure; the caller prints it and exits with 1.
    fn run(self, session: &Session) -> anyhow::Result<()>;
}

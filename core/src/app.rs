use std::fmt;

use caps::Capability;
use serde::{Serialize, Serializer};

use crate::{Document, Session};

/// A BPF application: its options are its type.
///
/// clap takes the help text from the doc comments: the first line of the type's is what
/// `bpfapps list` shows.
pub trait App: clap::Args {
    /// The subcommand, which is also the name of the folder and of the `.bpf.c`.
    const NAME: &'static str;

    /// What the app asks of the machine.
    const NEEDS: Needs;

    /// The documents that it prints with `--output json` or `yaml`: `bpfapps schema` is made of
    /// them.
    const DOCUMENTS: &'static [Document] = &[];

    /// Objects of other packages, by name, that it loads as well where the kernel has what they
    /// need: such as core's `trace`.
    const ALSO_LOADS: &'static [&'static str] = &[];

    /// Opens, configures, loads and attaches the BPF object, then serves it until it is told to
    /// end.
    ///
    /// # Errors
    ///
    /// Whatever keeps the app from doing its work; the caller prints it and exits with 1.
    fn run(self, session: &Session) -> anyhow::Result<()>;
}

/// What an app asks of the machine: shown by `bpfapps list`, checked by [`Session::open`].
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Needs {
    /// The oldest Linux that runs it, such as `5.8`.
    pub kernel: &'static str,
    /// Whether it relies on CO-RE, and so on the kernel's BTF.
    pub btf: bool,
    /// Whether it attaches through tracefs.
    pub tracefs: bool,
    /// Without these the kernel refuses its programs.
    #[serde(serialize_with = "by_name")]
    pub capabilities: &'static [Capability],
    /// Those of them that it still needs once its programs are attached: mostly none.
    #[serde(skip)]
    pub keeps: &'static [Capability],
}

impl Needs {
    /// Of an object that nothing else is known of.
    pub const NONE: Self = Self {
        kernel: "4.4",
        btf: false,
        tracefs: false,
        capabilities: &[],
        keeps: &[],
    };
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Linux {}", self.kernel)?;
        if self.btf {
            f.write_str(" with BTF")?;
        }
        if self.tracefs {
            f.write_str(", tracefs")?;
        }
        for capability in self.capabilities {
            write!(f, ", {capability}")?;
        }
        Ok(())
    }
}

fn by_name<S: Serializer>(
    capabilities: &&'static [Capability],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(capabilities.iter().map(ToString::to_string))
}

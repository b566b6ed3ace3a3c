use std::fmt;

use bpfapps_host::capabilities::Capability;
use serde::{Serialize, Serializer};

/// An app's requirements on the machine: shown by `bpfapps list`, checked by
/// [`Session::open`](crate::Session::open).
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Needs {
    /// The oldest Linux that runs it, such as `5.8`.
    pub kernel: &'static str,
    /// True if it uses CO-RE, which requires the kernel's BTF.
    pub btf: bool,
    /// True if it attaches through tracefs.
    pub tracefs: bool,
    /// Without these the kernel refuses its programs.
    #[serde(serialize_with = "by_name")]
    pub capabilities: &'static [Capability],
    /// The capabilities that it still needs after its programs are attached: usually none.
    #[serde(skip)]
    pub keeps: &'static [Capability],
}

/// Capabilities for tracing programs.
pub const TRACING: &[Capability] = &[Capability::CAP_BPF, Capability::CAP_PERFMON];

/// Capabilities for network programs; CAP_PERFMON is for the verifier.
pub const NETWORK: &[Capability] = &[
    Capability::CAP_BPF,
    Capability::CAP_NET_ADMIN,
    Capability::CAP_PERFMON,
];

impl Needs {
    /// The requirements of an unknown object.
    pub const NONE: Self = Self::linux("4.4").capabilities(&[]);

    /// This Linux or a newer one, and the capabilities of [`TRACING`].
    pub const fn linux(kernel: &'static str) -> Self {
        Self {
            kernel,
            btf: false,
            tracefs: false,
            capabilities: TRACING,
            keeps: &[],
        }
    }

    /// Also the kernel's BTF, for CO-RE.
    #[must_use]
    pub const fn btf(self) -> Self {
        Self { btf: true, ..self }
    }

    /// Also tracefs, to attach to tracepoints and the like.
    #[must_use]
    pub const fn tracefs(self) -> Self {
        Self {
            tracefs: true,
            ..self
        }
    }

    /// Requires these capabilities instead of [`TRACING`].
    #[must_use]
    pub const fn capabilities(self, capabilities: &'static [Capability]) -> Self {
        Self {
            capabilities,
            ..self
        }
    }

    /// Keeps these capabilities after the programs are attached.
    #[must_use]
    pub const fn keeps(self, keeps: &'static [Capability]) -> Self {
        Self { keeps, ..self }
    }
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

//! The types of many kernels in one file.
//!
//! A bundle is a gzip file. It begins with text, of which each line is one of these:
//!
//! ```text
//! bpfapps-btf 1
//! reads field task_struct.exit_code
//! kernel debian 12 x86_64 6.1.0-56-amd64 0 1852 #1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (…)
//! ```
//!
//! - The first line has the version of the format.
//! - `reads` is what an object may read of a kernel: a field, a type or an enumerator.
//! - `kernel` has `ID` and `VERSION_ID` of os-release, or `-`; `uname -m` and `uname -r`; the offset
//!   and the length of the kernel's BTF; `uname -v`, or nothing where that is not known.
//!
//! An empty line ends the text. The rest is BTF, each different one once.

mod kernel;
mod read;
mod write;

use std::collections::BTreeSet;

use anyhow::Result;

use crate::Object;

pub use kernel::Kernel;
pub use write::Builder;

const FIRST_LINE: &str = "bpfapps-btf 1";
const READS: &str = "reads ";
const KERNEL: &str = "kernel ";

/// In place of a distribution or a version that does not exist.
const NOTHING: &str = "-";

/// A bundle with all that is in it, unpacked.
#[derive(Clone, Debug, Default)]
pub struct Bundle {
    reads: BTreeSet<String>,
    kernels: Vec<Entry>,
    types: Vec<u8>,
}

/// A kernel, and the place of its BTF.
#[derive(Clone, Debug)]
struct Entry {
    kernel: Kernel,
    offset: usize,
    length: usize,
}

impl Bundle {
    /// The kernels in it.
    pub fn kernels(&self) -> impl ExactSizeIterator<Item = &Kernel> {
        self.kernels.iter().map(|entry| &entry.kernel)
    }

    /// The number of kernels with different types.
    pub fn different(&self) -> usize {
        let places = self.kernels.iter().map(|entry| entry.offset);
        places.collect::<BTreeSet<_>>().len()
    }

    /// The BTF of exactly this kernel.
    pub fn find(&self, running: &Kernel) -> Option<&[u8]> {
        let mut entries = self.kernels.iter();
        let found = entries.find(|entry| entry.kernel.is(running))?;
        self.types.get(found.offset..)?.get(..found.length)
    }

    /// The kernel that is most like this one, and may still have other types: of the same release,
    /// or else of the same distribution.
    pub fn nearest(&self, running: &Kernel) -> Option<&Kernel> {
        let alike = self
            .kernels()
            .filter_map(|it| Some((it.likeness(running)?, it)));
        let nearest = alike.max_by(|(a, _), (b, _)| a.cmp(b));
        nearest.map(|(_, kernel)| kernel)
    }

    /// What an object reads and the bundle is not made for, if there is anything.
    ///
    /// # Errors
    ///
    /// The object is damaged.
    pub fn lacks(&self, object: &[u8]) -> Result<Option<String>> {
        let reads = Object::parse(object)?.reads();
        Ok(reads.difference(&self.reads).next().cloned())
    }
}

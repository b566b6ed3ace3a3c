//! From kernels to a file.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::{Context as _, Result, ensure};
use flate2::{Compression, GzBuilder};

use super::{Bundle, FIRST_LINE, KERNEL, Kernel, NOTHING, READS};
use crate::{Btf, Object, minimal};

/// Makes a bundle of the types that some objects read.
#[derive(Debug)]
pub struct Builder<'a> {
    objects: Vec<Object<'a>>,
    kernels: BTreeMap<Kernel, Vec<u8>>,
}

impl Bundle {
    /// One for these objects, without kernels.
    pub fn builder(objects: Vec<Object<'_>>) -> Builder<'_> {
        Builder {
            objects,
            kernels: BTreeMap::new(),
        }
    }
}

impl Builder<'_> {
    /// Adds a kernel with its BTF, and returns the part that is kept.
    ///
    /// # Errors
    ///
    /// One of the names can't be in a bundle, or the same kernel has other types already.
    pub fn add(&mut self, kernel: Kernel, types: &Btf<'_>) -> Result<&[u8]> {
        for (what, name) in [
            ("an architecture", &kernel.machine),
            ("a release", &kernel.release),
        ] {
            ensure!(!name.is_empty(), "a kernel without {what}");
        }
        let words = [
            &kernel.distribution,
            &kernel.version,
            &kernel.machine,
            &kernel.release,
        ];
        let word = words
            .into_iter()
            .find(|it| it.contains(char::is_whitespace));
        ensure!(word.is_none(), "a name of a kernel with blanks: {word:?}");
        ensure!(
            !kernel.build.contains('\n'),
            "a name of a kernel with several lines: {:?}",
            kernel.build
        );
        let part = minimal(types, &self.objects);
        let kept = self.kernels.entry(kernel.clone()).or_insert(part.clone());
        ensure!(*kept == part, "two kernels are called {kernel}");
        Ok(kept)
    }

    /// The bundle as a file: the same kernels give the same bytes.
    ///
    /// # Errors
    ///
    /// It would be larger than any.
    pub fn finish(&self) -> Result<Vec<u8>> {
        let mut text = format!("{FIRST_LINE}\n");
        let reads = self.objects.iter().flat_map(Object::reads);
        for read in reads.collect::<BTreeSet<_>>() {
            text += &format!("{READS}{read}\n");
        }
        let mut places = HashMap::new();
        let mut types = Vec::new();
        for (kernel, part) in &self.kernels {
            let offset = *places.entry(part).or_insert_with(|| {
                let offset = types.len();
                types.extend(part);
                offset
            });
            let or_nothing = |name: &str| if name.is_empty() { NOTHING } else { name }.to_owned();
            write!(
                text,
                "{KERNEL}{} {} {} {} {offset} {} {}",
                or_nothing(&kernel.distribution),
                or_nothing(&kernel.version),
                kernel.machine,
                kernel.release,
                part.len(),
                kernel.build
            )?;
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text.push('\n');
        let mut file = GzBuilder::new().write(Vec::new(), Compression::best());
        let written = file.write_all(text.as_bytes());
        let written = written.and_then(|()| file.write_all(&types));
        let file = written.and_then(|()| file.finish());
        let file = file.context("failed to compress the bundle")?;
        Bundle::parse(&file).context("the bundle can not be read")?;
        ensure!(
            file.len() as u64 <= Bundle::LARGEST,
            "a bundle of {} bytes is too large",
            file.len()
        );
        Ok(file)
    }
}

//! Kernel images, and what they say about themselves.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use bpfapps_host::Release;

/// Reads the version that an x86 image of a kernel states.
pub(super) fn version(image: &Path) -> Result<Release> {
    let file = File::open(image).with_context(|| format!("failed to read {}", image.display()))?;
    match stated(&file).as_deref().and_then(exact) {
        Some(version) => Ok(version),
        None => bail!(
            "{} is not a kernel image for x86 (bzImage)",
            image.display()
        ),
    }
}

/// The words for `file` and `dmesg`: release, builder, build.
fn stated(file: &File) -> Option<String> {
    // the boot protocol: "HdrS", its version, and 512 bytes before the words
    let mut header = [0; 14];
    file.read_exact_at(&mut header, 0x202).ok()?;
    let [b'H', b'd', b'r', b'S', .., low, high] = header else {
        return None;
    };
    let at = u64::from(u16::from_le_bytes([low, high])) + 0x200;
    let mut words = [0; 256];
    let read = file.read_at(&mut words, at).ok()?;
    let words = words[..read].split(|byte| *byte == 0).next()?;
    Some(String::from_utf8_lossy(words).into_owned())
}

/// Debian's releases of older kernels omit the last number, which follows later:
/// `5.10.0-46-cloud-amd64 (…) #1 SMP Debian 5.10.262-1 (2026-07-31)`.
fn exact(stated: &str) -> Option<Release> {
    let debian = stated.split_once(" Debian ").map(|(_, version)| version);
    debian
        .and_then(Release::parse)
        .or_else(|| Release::parse(stated))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_number_is_found_where_the_release_has_none() {
        let old = "5.10.0-46-cloud-amd64 (debian-kernel@lists.debian.org) #1 SMP Debian 5.10.262-1";
        let own = "6.18.44-test (me@here) #1 SMP Fri Nov 20 11:22:00 UTC 2026";
        let versions = [old, own].map(|stated| exact(stated).map(|version| version.to_string()));
        assert_eq!(
            versions,
            [Some("5.10.262".to_owned()), Some("6.18.44".to_owned())]
        );
    }

    #[test]
    fn what_is_no_kernel_is_refused() -> Result<()> {
        let test = std::env::current_exe()?;
        let failed = version(&test).map_err(|error| error.to_string());
        let reason = format!("{} is not a kernel image for x86 (bzImage)", test.display());
        assert_eq!(failed, Err(reason));
        Ok(())
    }
}

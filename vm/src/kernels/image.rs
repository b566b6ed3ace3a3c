//! Kernel images, and what they say about themselves.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use bpfapps_host::Release;
use bpfapps_task::Arch;
use memchr::memmem;

/// Reads the version that the image of a kernel for this processor states.
pub(super) fn version(image: &Path, arch: Arch) -> Result<Release> {
    let failed = || format!("failed to read {}", image.display());
    let file = File::open(image).with_context(failed)?;
    let (stated, what) = match arch {
        Arch::Amd64 => (stated(&file), "for x86 (bzImage)"),
        Arch::Arm64 => (banner(&file).with_context(failed)?, "for arm64 (Image)"),
    };
    match stated.as_deref().and_then(exact) {
        Some(version) => Ok(version),
        None => bail!("{} is not a kernel image {what}", image.display()),
    }
}

/// The words that an arm64 kernel prints first; its image is not compressed.
fn banner(file: &File) -> io::Result<Option<String>> {
    const FIRST: &[u8] = b"Linux version ";
    let mut magic = [0; 4];
    let is_image = file.read_exact_at(&mut magic, 0x38).is_ok() && &magic == b"ARM\x64";
    if !is_image {
        return Ok(None);
    }
    let mut image = Vec::new();
    (&*file).read_to_end(&mut image)?;
    // other strings in it have a placeholder there
    let mut banners = memmem::find_iter(&image, FIRST).map(|at| &image[at + FIRST.len()..]);
    let banner = banners.find(|rest| rest.first().is_some_and(u8::is_ascii_digit));
    let line = banner.and_then(|rest| rest.split(|byte| *byte == b'\n' || *byte == 0).next());
    Ok(line.map(|line| String::from_utf8_lossy(line).into_owned()))
}

/// The words in a bzImage for `file` and `dmesg`: release, builder, build.
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
        for (arch, what) in [
            (Arch::Amd64, "x86 (bzImage)"),
            (Arch::Arm64, "arm64 (Image)"),
        ] {
            let failed = version(&test, arch).map_err(|error| error.to_string());
            let reason = format!("{} is not a kernel image for {what}", test.display());
            assert_eq!(failed, Err(reason));
        }
        Ok(())
    }
}

//! A kernel's BTF and its names, in each kind of file that has them: BTF alone, a vmlinux, a bzImage,
//! an Image.

use std::io::Read;

use anyhow::{Context, Result, bail, ensure};
use bpfapps_btf::{Btf, Kernel};
use flate2::read::GzDecoder;
use lz4_flex::frame::FrameDecoder;
use lzma_rust2::XzReader;
use object::{File, Object as _, ObjectSection as _, elf::ELFMAG};
use ruzstd::decoding::StreamingDecoder;

/// Maximum size of a kernel, in bytes.
const LARGEST: u64 = 1 << 30;

/// The start of a section with BTF: its magic number and version, no flags, 24 bytes of header, and
/// the types right behind it.
const BTF: [u8; 12] = [0x9f, 0xeb, 1, 0, 24, 0, 0, 0, 0, 0, 0, 0];

/// A kernel's BTF, and the names that the file has of it.
pub(super) struct Found {
    pub(super) types: Vec<u8>,
    pub(super) kernel: Option<Kernel>,
}

impl Found {
    /// Reads the content of a file.
    pub(super) fn read(file: Vec<u8>) -> Result<Self> {
        if file.starts_with(&BTF[..2]) {
            return Ok(Self {
                types: file,
                kernel: None,
            });
        }
        let file = match payload(&file) {
            Some(payload) => unpack(payload)?,
            None if is_packed(&file) => unpack(&file)?,
            None => file,
        };
        let types = match file.starts_with(&ELFMAG) {
            true => section(&file)?,
            false => anywhere(&file).context("it is no kernel, or one without BTF")?,
        };
        let kernel = machine(&file).and_then(|machine| Kernel::in_image(&file, machine));
        Ok(Self { types, kernel })
    }
}

/// The architecture, as `uname -m` calls it.
fn machine(file: &[u8]) -> Option<&'static str> {
    match file.get(0x38..0x3c) {
        Some(b"ARMd") => return Some("aarch64"),
        _ if !file.starts_with(&ELFMAG) => return None,
        _ => {}
    }
    match File::parse(file).ok()?.architecture() {
        object::Architecture::X86_64 => Some("x86_64"),
        object::Architecture::Aarch64 => Some("aarch64"),
        object::Architecture::Riscv64 => Some("riscv64"),
        object::Architecture::S390x => Some("s390x"),
        _ => None,
    }
}

/// The compressed kernel in a bzImage, or in an image that EFI starts.
fn payload(file: &[u8]) -> Option<&[u8]> {
    let number = |at: usize| {
        let bytes = file.get(at..)?.first_chunk()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    };
    let (start, length) = if file.get(0x202..0x206) == Some(b"HdrS") {
        let sectors = match file[0x1f1] {
            0 => 4,
            sectors => usize::from(sectors),
        };
        ((sectors + 1) * 512 + number(0x248)?, number(0x24c)?)
    } else if file.get(4..8) == Some(b"zimg") {
        (number(8)?, number(12)?)
    } else {
        return None;
    };
    file.get(start..)?.get(..length)
}

fn is_packed(file: &[u8]) -> bool {
    file.starts_with(&[0x1f, 0x8b])
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>> {
    // but for gzip, which has it itself, the size follows
    let body = &packed[..packed.len().saturating_sub(4)];
    match *packed {
        [0x1f, 0x8b, ..] => all(GzDecoder::new(packed)),
        [0xfd, b'7', b'z', ..] => all(XzReader::new(body, false)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            all(StreamingDecoder::new(body).context("failed to unpack it")?)
        }
        [0x02, 0x21, 0x4c, 0x18, ..] => all(FrameDecoder::new(body)),
        _ => bail!("it is compressed in a way that is not known here: not gzip, xz, zstd or lz4"),
    }
}

fn all(from: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = from.take(LARGEST + 1).read_to_end(&mut bytes);
    read.context("failed to unpack it")?;
    ensure!(bytes.len() as u64 <= LARGEST, "it is larger than 1 GiB");
    Ok(bytes)
}

fn section(vmlinux: &[u8]) -> Result<Vec<u8>> {
    let file = File::parse(vmlinux).context("it is a damaged ELF file")?;
    let has = |name| file.section_by_name(name).is_some();
    match file.section_by_name(".BTF") {
        Some(section) => Ok(section.data().context("failed to read its BTF")?.to_vec()),
        None if has(".debug_info") => Err(crate::out::hinted(
            "it has no BTF, but DWARF",
            "make a file of it: pahole --btf_encode_detached=RELEASE.btf vmlinux",
        )),
        None => bail!("the kernel has no BTF"),
    }
}

/// The BTF in an image without sections.
fn anywhere(image: &[u8]) -> Option<Vec<u8>> {
    let mut starts = image
        .windows(BTF.len())
        .enumerate()
        .filter(|(_, it)| *it == BTF);
    starts.find_map(|(at, _)| {
        let number = |place: usize| {
            let bytes = image.get(at + place..)?.first_chunk()?;
            usize::try_from(u32::from_le_bytes(*bytes)).ok()
        };
        let length = 24 + number(16)?.checked_add(number(20)?)?;
        let types = image.get(at..)?.get(..length)?;
        Btf::parse(types).is_ok().then(|| types.to_vec())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_kernel_is_refused() -> Result<()> {
        // without DWARF, unlike this program
        let program = std::fs::read("/bin/sh")?;
        for (file, reason) in [
            (program, "the kernel has no BTF"),
            (b"no kernel".to_vec(), "it is no kernel, or one without BTF"),
            (vec![0x1f, 0x8b, 8, 0], "failed to unpack it"),
        ] {
            let failed = Found::read(file).map(drop).map_err(|err| err.to_string());
            assert!(failed.is_err_and(|err| err.starts_with(reason)), "{reason}");
        }
        Ok(())
    }

    /// BTF without types, as zstd, xz and lz4 compress it.
    const PACKED: [&[u8]; 3] = [
        b"\x28\xb5\x2f\xfd\x24\x19\x8d\x00\x00\x58\x9f\xeb\x01\x00\x18\x00\x01\x00\x00\x00\x00\x01\
          \x00\x32\x28\x02\xfd\x15\xfe\x94",
        b"\xfd7zXZ\x00\x00\x01\x69\x22\xde\x36\x02\x01\x04\x00\x21\x01\x00\x00\xda\x33\xad\x03\xe0\
          \x00\x18\x00\x0e\x5d\x00\x4f\xba\xbc\x20\x00\xce\x51\x26\xe9\x92\x01\xba\x00\x00\x00\x00\
          \x00\x80\xcb\x0c\x29\x00\x01\x26\x19\xcf\x9e\x33\x87\x90\x42\x99\x0d\x01\x00\x00\x00\x00\
          \x01YZ",
        b"\x02\x21\x4c\x18\x0f\x00\x00\x00\x6a\x9f\xeb\x01\x00\x18\x00\x01\x00\x50\x01\x00\x00\x00\
          \x00",
    ];

    fn types() -> Vec<u8> {
        let mut types = BTF.to_vec();
        for word in [0_u32, 0, 1] {
            types.extend(word.to_le_bytes());
        }
        types.push(0);
        types
    }

    #[test]
    fn each_compression_of_kernels_is_known() -> Result<()> {
        for packed in PACKED {
            // a bzImage of one sector, which is followed by the kernel and the kernel's size
            let body = [packed, &25_u32.to_le_bytes()].concat();
            let mut image = vec![0; 1024];
            image[0x1f1] = 1;
            image[0x202..0x206].copy_from_slice(b"HdrS");
            let length = u32::try_from(body.len())?.to_le_bytes();
            image[0x24c..0x250].copy_from_slice(&length);
            image.extend(body);
            assert!(Found::read(image)?.types == types(), "{packed:x?}");
        }
        Ok(())
    }

    #[test]
    fn types_are_found_between_other_bytes() {
        let types = types();
        // the magic number alone is no BTF
        let image = [b"\0\0".as_slice(), &BTF, &[0xff; 64], &types, b"more"].concat();
        assert_eq!(anywhere(&image), Some(types));
    }
}

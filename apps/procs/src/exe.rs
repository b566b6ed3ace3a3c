//! The file of an executable: the other half of `bpf/exe.h`.

/// The path that /proc/PID/exe shows, of its names in reverse order, each with a NUL.
///
/// None for a file that was opened by a handle, and whose folder the kernel does not know: it calls
/// that `/`.
pub(crate) fn path(names: &[u8], is_cut: bool, is_deleted: bool) -> Option<Vec<u8>> {
    let names = names.strip_suffix(b"\0")?;
    let mut path = Vec::with_capacity(names.len() + b"/ (deleted)".len());
    for name in names.rsplit(|&byte| byte == 0) {
        if name == b"/" {
            return None;
        }
        if !(path.is_empty() && is_cut) {
            path.push(b'/');
        }
        path.extend_from_slice(name);
    }
    if is_deleted {
        path.extend_from_slice(b" (deleted)");
    }
    Some(path)
}

/// A `dev_t` of the kernel as `major:minor`: stat(2) packs the two in another way.
pub(crate) fn device(dev: u32) -> String {
    format!("{}:{}", dev >> 20, dev & 0xf_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(names: &[u8], is_cut: bool, is_deleted: bool) -> Option<String> {
        path(names, is_cut, is_deleted).map(|path| String::from_utf8_lossy(&path).into_owned())
    }

    #[test]
    fn path_is_as_in_proc() {
        let text = |names, is_cut, is_deleted| text(names, is_cut, is_deleted).unwrap_or_default();
        assert_eq!(text(b"true\0bin\0usr\0", false, false), "/usr/bin/true");
        assert_eq!(text(b"memfd:a b\0", false, true), "/memfd:a b (deleted)");
        assert_eq!(text(b"memfd:\0", false, true), "/memfd: (deleted)");
        assert_eq!(text(b"true\0bin\0", true, false), "bin/true");
    }

    #[test]
    fn device_has_20_bits_of_minor() {
        assert_eq!(device(259 << 20 | 0x1_0003), "259:65539");
    }

    #[test]
    fn unknown_path_is_none() {
        assert_eq!(text(b"", true, false), None);
        assert_eq!(text(b"/\0", false, true), None);
    }
}

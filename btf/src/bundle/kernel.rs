use std::fmt;

/// The names of a kernel, by which a machine knows its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kernel {
    /// `ID` in os-release: `debian`. Empty if not known.
    pub distribution: String,
    /// `VERSION_ID` in os-release: `12`. Empty if it has none.
    pub version: String,
    /// `uname -m`: `x86_64`.
    pub machine: String,
    /// `uname -r`: `6.1.0-56-amd64`.
    pub release: String,
    /// `uname -v`: `#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-20)`. Empty if not known.
    pub build: String,
}

impl Kernel {
    /// The names in the text with which a kernel reports for duty, and which is in its image:
    /// `Linux version RELEASE (BUILDER) (COMPILER) BUILD`.
    pub fn in_image(image: &[u8], machine: &str) -> Option<Self> {
        const START: &[u8] = b"Linux version ";
        let mut places = image.windows(START.len()).enumerate();
        places.find_map(|(at, window)| {
            if window != START {
                return None;
            }
            let text = &image[at + START.len()..];
            let end = text.iter().take(1024).position(|byte| *byte == b'\n')?;
            let text = str::from_utf8(&text[..end]).ok()?;
            let (release, rest) = text.split_once(' ')?;
            // the image may also have the format of that text, and the text without a number
            let (at, _) = rest.match_indices(" #").find(|(at, _)| {
                let number = rest[at + 2..].bytes().next();
                number.is_some_and(|byte| byte.is_ascii_digit())
            })?;
            let build = rest[at + 1..].to_owned();
            Some(Self {
                machine: machine.to_owned(),
                release: release.to_owned(),
                build,
                ..Self::default()
            })
        })
    }

    /// True if `running` is this kernel. The build tells it, or else the distribution: kernels of the
    /// same release and of several distributions may have other types.
    pub(super) fn is(&self, running: &Self) -> bool {
        let is_release = (&self.machine, &self.release) == (&running.machine, &running.release);
        is_release
            && match self.build.is_empty() {
                true => self.is_of(running),
                false => self.build == running.build,
            }
    }

    fn is_of(&self, other: &Self) -> bool {
        (&self.distribution, &self.version) == (&other.distribution, &other.version)
    }

    /// How like another one it is: the same release, the same version of a distribution, and so
    /// many bytes of the release. `None` if it is not.
    pub(super) fn likeness(&self, other: &Self) -> Option<(bool, bool, usize)> {
        let (release, is_of) = (self.release == other.release, self.is_of(other));
        let pairs = self.release.bytes().zip(other.release.bytes());
        let alike = pairs.take_while(|(a, b)| a == b).count();
        let is_alike = self.machine == other.machine && (release || is_of);
        is_alike.then_some((release, is_of, alike))
    }
}

/// `6.1.0-56-amd64 (x86_64, debian 12, #1 SMP …)`, with what is known.
impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.release, self.machine)?;
        for part in [&*self.system(), &*self.build] {
            if !part.is_empty() {
                write!(f, ", {part}")?;
            }
        }
        f.write_str(")")
    }
}

impl Kernel {
    fn system(&self) -> String {
        let parts = [&*self.distribution, &*self.version];
        parts.join(" ").trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernel(distribution: &str, version: &str, release: &str, build: &str) -> Kernel {
        Kernel {
            distribution: distribution.to_owned(),
            version: version.to_owned(),
            machine: "x86_64".to_owned(),
            release: release.to_owned(),
            build: build.to_owned(),
        }
    }

    #[test]
    fn names_are_read_in_an_image() {
        let image = b"\0%s version %s (a@b) (%s) %s\n\0Linux version %s (x)\n\0Linux version \
            6.1.0-56-amd64 (a@b) (gcc-12) # SMP Debian 6.1.192-2 (2026-11-20)\n\0Linux version \
            6.1.0-56-amd64 (a@b) (gcc-12 (Debian 12.2) 12.2.0, GNU ld 2.40) #1 SMP Debian 6.1.192-2 \
            (2026-11-20)\n\0";
        let found = Kernel::in_image(image, "x86_64").expect("a kernel");
        let build = "#1 SMP Debian 6.1.192-2 (2026-11-20)";
        assert_eq!(found, kernel("", "", "6.1.0-56-amd64", build));
        assert_eq!(Kernel::in_image(b"Linux version 6", "x86_64"), None);
    }

    #[test]
    fn build_decides_and_without_one_the_distribution() {
        let running = kernel("ubuntu", "20.04", "5.4.0-42-generic", "#46-Ubuntu");
        let stated = kernel("", "", "5.4.0-42-generic", "#46-Ubuntu");
        assert!(stated.is(&running));
        let other = kernel("ubuntu", "20.04", "5.4.0-42-generic", "#46~18.04.1-Ubuntu");
        assert!(!other.is(&running));
        let listed = |version| kernel("ubuntu", version, "5.4.0-42-generic", "");
        assert!(listed("20.04").is(&running) && !listed("18.04").is(&running));
        let arm = Kernel {
            machine: "aarch64".to_owned(),
            ..stated
        };
        assert!(!arm.is(&running) && arm.likeness(&running).is_none());
    }
}

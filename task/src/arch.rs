use std::fmt;
use std::str::FromStr;

/// A processor that binaries are built for and kernels are booted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arch {
    /// x86-64.
    Amd64,
    /// 64-bit Arm.
    Arm64,
}

/// The names of a processor.
#[derive(Debug)]
struct Names {
    /// For Debian and Go.
    debian: &'static str,
    /// For rustc, QEMU and `uname`.
    rust: &'static str,
    /// For rustc, of its target with glibc.
    triple: &'static str,
    /// For GNU's compilers and for Debian's folders of libraries.
    gnu: &'static str,
}

impl Arch {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Amd64, Self::Arm64];

    const fn names(self) -> Names {
        match self {
            Self::Amd64 => Names {
                debian: "amd64",
                rust: "x86_64",
                triple: "x86_64-unknown-linux-gnu",
                gnu: "x86_64-linux-gnu",
            },
            Self::Arm64 => Names {
                debian: "arm64",
                rust: "aarch64",
                triple: "aarch64-unknown-linux-gnu",
                gnu: "aarch64-linux-gnu",
            },
        }
    }

    /// This machine's; `None` if it is another one.
    pub fn here() -> Option<Self> {
        let is_here = |arch: &Self| arch.rust() == std::env::consts::ARCH;
        Self::ALL.into_iter().find(is_here)
    }

    /// Its name for Debian and Go: `arm64`.
    pub const fn debian(self) -> &'static str {
        self.names().debian
    }

    /// Its name for rustc, QEMU and `uname`: `aarch64`.
    pub const fn rust(self) -> &'static str {
        self.names().rust
    }

    /// rustc's target for it: `aarch64-unknown-linux-gnu`.
    pub const fn triple(self) -> &'static str {
        self.names().triple
    }

    /// The prefix of GNU's compilers for it, and Debian's folder of its libraries:
    /// `aarch64-linux-gnu`.
    pub const fn gnu(self) -> &'static str {
        self.names().gnu
    }

    /// The one with rustc's target `triple`.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn of_triple(triple: &str) -> Result<Self, String> {
        named(triple, Self::triple)
    }
}

/// By Debian's name.
impl FromStr for Arch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        named(text, Self::debian)
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.debian())
    }
}

fn named(text: &str, name: impl Fn(Arch) -> &'static str) -> Result<Arch, String> {
    let found = Arch::ALL.into_iter().find(|arch| name(*arch) == text);
    found.ok_or_else(|| format!("one of {}", Arch::ALL.map(name).join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back() {
        for arch in Arch::ALL {
            assert_eq!(arch.to_string().parse(), Ok(arch));
            assert_eq!(Arch::of_triple(arch.triple()), Ok(arch));
            assert!(arch.triple().starts_with(arch.rust()));
            assert!(arch.gnu().starts_with(arch.rust()));
        }
        let failed = "mips".parse::<Arch>();
        assert_eq!(failed, Err("one of amd64, arm64".to_owned()));
    }
}

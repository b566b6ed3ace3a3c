//! The types of a kernel without BTF, out of a bundle. A caller has no say in which: the one is in
//! this program, the path of the other is fixed, and root's alone.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use bpfapps_btf::{Bundle, Kernel};
use bpfapps_explain::{Code, Failure};
use bpfapps_host::hooks::btf;
use bpfapps_host::{Release, files, platform};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::utsname::uname;

use super::{KernelTypes, Origin};

/// The bundle that `cargo xtask dist --btf-bundle` puts in here; empty without one.
const EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/btf.bundle"));

/// A bundle of root's, for all binaries.
const FILE: &str = "/usr/share/bpfapps/btf";

impl KernelTypes {
    /// Those of the running kernel in the bundle of this program, or else in that of the machine.
    ///
    /// # Errors
    ///
    /// Neither has exactly this kernel, or others than root may write the file.
    pub fn bundled() -> Result<Self> {
        let running = running()?;
        let mut lacking = Vec::new();
        for (place, bundle) in bundles()? {
            match bundle.find(&running) {
                Some(part) => {
                    return Ok(Self {
                        file: in_memory(part).context("failed to keep the kernel's types")?,
                        origin: Origin::Bundle {
                            place,
                            bundle: Box::new(bundle),
                        },
                    });
                }
                None => lacking.push((place, bundle)),
            }
        }
        Err(no_btf(&running, &lacking).into())
    }
}

fn bundles() -> Result<Vec<(&'static str, Bundle)>> {
    let mut bundles = Vec::new();
    if !EMBEDDED.is_empty() {
        let bundle = Bundle::parse(EMBEDDED).context("the bundle in this program is damaged")?;
        bundles.push(("the bundle in this program", bundle));
    }
    let file = Path::new(FILE);
    // one that can not be looked at is not one that is not there
    if file.try_exists().unwrap_or(true) {
        files::is_roots_alone(file)?;
        let bytes = files::read(file, Bundle::LARGEST)?;
        let bundle = Bundle::parse(&bytes).map_err(|err| {
            Failure::new(
                format!("{FILE} is not a bundle of BTF: {err:#}"),
                "make it again: cargo xtask btf bundle",
            )
            .code(Code::NOT_BTF)
        })?;
        bundles.push((FILE, bundle));
    }
    Ok(bundles)
}

fn running() -> Result<Kernel> {
    let (distribution, version) = platform::distribution();
    let machine = uname().context("failed to find the architecture")?;
    Ok(Kernel {
        distribution,
        version,
        machine: machine.machine().to_string_lossy().into_owned(),
        release: Release::running_name()?,
        build: Release::running_build()?,
    })
}

/// A file that has no path, and goes with this process.
fn in_memory(bytes: &[u8]) -> Result<File> {
    let mut file = File::from(memfd_create(c"btf", MFdFlags::MFD_CLOEXEC)?);
    file.write_all(bytes)?;
    Ok(file)
}

/// What is missing, and how to get it. `bundles` do not have this kernel.
fn no_btf(running: &Kernel, bundles: &[(&str, Bundle)]) -> Failure {
    let mut message = format!("this kernel has no BTF: {} is missing", btf::KERNEL);
    for (at, (place, bundle)) in bundles.iter().enumerate() {
        message += &match at {
            0 => format!(", and {place} lacks {running}"),
            _ => format!("; {place} lacks it too"),
        };
        if let Some(near) = bundle.nearest(running) {
            message += &format!(": {near}, which is in it, is another kernel");
        }
    }
    let hint = format!(
        "pass the types of this very kernel with --btf FILE, put them into a bundle, {FILE} (cargo \
         xtask btf bundle), or boot a kernel that is built with CONFIG_DEBUG_INFO_BTF=y"
    );
    Failure::new(message, hint).code(Code::NO_BTF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_miss_is_named() -> Result<()> {
        let kernel = |release: &str, build: &str| Kernel {
            distribution: "debian".to_owned(),
            version: "12".to_owned(),
            machine: "x86_64".to_owned(),
            release: release.to_owned(),
            build: build.to_owned(),
        };
        let running = kernel("6.1.0-56-amd64", "#1 SMP Debian 6.1.192-2");
        let message = |bundles: &[_]| no_btf(&running, bundles).to_string();
        let missing = "this kernel has no BTF: /sys/kernel/btf/vmlinux is missing";
        assert_eq!(message(&[]), missing);

        let mut builder = Bundle::builder(Vec::new());
        let types = bpfapps_btf::minimal(&raw()?, &[]);
        let types = bpfapps_btf::Btf::parse(&types)?;
        builder.add(kernel("6.1.0-56-amd64", "#1 SMP Debian 6.1.192-1"), &types)?;
        let bundle = Bundle::parse(&builder.finish()?)?;
        assert_eq!(
            message(&[("/a", bundle.clone()), ("/b", Bundle::default())]),
            format!(
                "{missing}, and /a lacks 6.1.0-56-amd64 (x86_64, debian 12, #1 SMP Debian \
                 6.1.192-2): 6.1.0-56-amd64 (x86_64, debian 12, #1 SMP Debian 6.1.192-1), which is \
                 in it, is another kernel; /b lacks it too"
            )
        );
        Ok(())
    }

    /// No types at all.
    fn raw() -> Result<bpfapps_btf::Btf<'static>> {
        const EMPTY: &[u8] = &[
            0x9f, 0xeb, 1, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0,
        ];
        bpfapps_btf::Btf::parse(EMPTY)
    }
}

//! Bundles of the types of many kernels.

use anyhow::{Result, ensure};
use bpfapps_btf::{Btf, Bundle, Kernel, Object, minimal};
use bpfapps_testkit::{Test, skip, test};

use crate::Compiled;

pub(crate) const TESTS: &[Test] = &[
    test!(kernel_is_found_by_all_of_its_names),
    test!(the_same_types_are_stored_once),
    test!(what_an_object_reads_is_stated),
    test!(damaged_bundles_do_no_harm),
];

fn kernel(version: &str, release: &str, build: &str) -> Kernel {
    Kernel {
        distribution: "debian".to_owned(),
        version: version.to_owned(),
        machine: "x86_64".to_owned(),
        release: release.to_owned(),
        build: build.to_owned(),
    }
}

impl Compiled {
    fn bundle(&self, kernels: &[Kernel]) -> Result<Vec<u8>> {
        let mut builder = Bundle::builder(vec![Object::parse(&self.object)?]);
        for kernel in kernels {
            builder.add(kernel.clone(), &Btf::parse(&self.kernel)?)?;
        }
        builder.finish()
    }
}

fn kernel_is_found_by_all_of_its_names() -> Result<()> {
    let Some(compiled) = Compiled::new()? else {
        return skip("clang is not installed");
    };
    let built = kernel(
        "12",
        "6.1.0-56-amd64",
        "#1 SMP Debian 6.1.192-2 (2026-11-20)",
    );
    let listed = kernel("", "4.19.0-17-amd64", "");
    let bundle = Bundle::parse(&compiled.bundle(&[built.clone(), listed.clone()])?)?;
    let objects = [Object::parse(&compiled.object)?];
    let part = minimal(&Btf::parse(&compiled.kernel)?, &objects);
    for kernel in [&built, &listed] {
        ensure!(bundle.find(kernel) == Some(&part), "{kernel}");
    }
    // a container's own os-release says nothing about the kernel
    let in_container = Kernel {
        distribution: "alpine".to_owned(),
        ..built.clone()
    };
    ensure!(bundle.find(&in_container).is_some());
    let rebuilt = kernel("12", &built.release, "#1 SMP Debian 6.1.192-1 (2026-11-02)");
    let older = kernel(
        "12",
        "6.1.0-55-amd64",
        "#1 SMP Debian 6.1.190-1 (2026-10-20)",
    );
    for near in [&rebuilt, &older] {
        ensure!(bundle.find(near).is_none(), "{near}");
        ensure!(bundle.nearest(near) == Some(&built), "{near}");
    }
    let far = kernel("13", "6.12.118+deb13-amd64", "");
    ensure!(bundle.find(&far).is_none() && bundle.nearest(&far).is_none());
    Ok(())
}

fn the_same_types_are_stored_once() -> Result<()> {
    let Some(compiled) = Compiled::new()? else {
        return skip("clang is not installed");
    };
    let kernels: Vec<_> = (0..1000)
        .map(|number| kernel("12", &format!("6.1.{number}"), ""))
        .collect();
    let one = compiled.bundle(&kernels[..1])?.len();
    let all = compiled.bundle(&kernels)?.len();
    ensure!(all < one + 10_000, "{one} bytes for one, {all} for 1000");
    Ok(())
}

fn what_an_object_reads_is_stated() -> Result<()> {
    let Some(compiled) = Compiled::new()? else {
        return skip("clang is not installed");
    };
    let reads = Object::parse(&compiled.object)?.reads();
    for read in [
        "field outer.inners[2].deep",
        "field twice.same",
        "value color.GREEN",
        "type inner_t",
        "match matching_enum",
    ] {
        ensure!(reads.contains(read), "{reads:#?}");
    }
    let bundle = Bundle::parse(&compiled.bundle(&[])?)?;
    ensure!(bundle.lacks(&compiled.object)?.is_none());
    let empty = Bundle::parse(&Bundle::builder(Vec::new()).finish()?)?;
    let lacks = empty.lacks(&compiled.object)?;
    ensure!(lacks.as_ref() == reads.first(), "{lacks:?}");
    Ok(())
}

/// Whatever comes out, it comes: no panic, no loop.
fn damaged_bundles_do_no_harm() -> Result<()> {
    let Some(compiled) = Compiled::new()? else {
        return skip("clang is not installed");
    };
    let whole = kernel("12", "6.1.0-56-amd64", "#1");
    let bundle = compiled.bundle(std::slice::from_ref(&whole))?;
    for at in 0..bundle.len() {
        for damage in [0xff, 0x01, 0x30] {
            let mut damaged = bundle.clone();
            damaged[at] ^= damage;
            for bytes in [&damaged[..], &bundle[..at]] {
                if let Ok(bundle) = Bundle::parse(bytes) {
                    let _ = bundle.find(&whole);
                }
            }
        }
    }
    Ok(())
}

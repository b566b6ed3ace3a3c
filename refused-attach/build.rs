//! From `src/bpf/hooks.bpf.c` to the skeleton that `src/lib.rs` includes, and from `src/bpf/small.c`
//! to objects that are none for libbpf.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    bpfapps_build::skeleton("hooks");

    let small = "src/bpf/small.c";
    println!("cargo::rerun-if-changed={small}");
    let clang = env::var("CLANG").unwrap_or_else(|_| "clang".to_owned());
    let out = env::var("OUT_DIR").expect("cargo sets it");
    let other = match cfg!(target_endian = "little") {
        true => "bpfeb",
        false => "bpfel",
    };
    for (name, flags) in [
        ("other_order", ["-target", other, "-g"].as_slice()),
        ("no_btf", &["-target", "bpf"]),
        ("legacy_maps", &["-target", "bpf", "-g", "-DLEGACY"]),
        ("not_bpf", &[]),
    ] {
        let object = Path::new(&out).join(format!("{name}.o"));
        let mut command = Command::new(&clang);
        command
            .args(flags)
            .args(["-O2", "-c", small, "-o"])
            .arg(object);
        let status = command.status().expect("clang is there");
        assert!(status.success(), "{command:?}");
    }
}

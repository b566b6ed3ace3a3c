//! Compiles each `src/bpf/bpf*.bpf.c`, as it is and fixed, and lists them for `src/cases.rs`, makes a skeleton of
//! `hooks.bpf.c`, objects of `greedy.bpf.c`, `crowded.bpf.c`, `left_open.bpf.c`, `beyond.bpf.c`,
//! `records.bpf.c` and `untraced.bpf.c`, and of `small.c` objects that are none for libbpf.
//! Renders the templates, makes `src/mistakes` in them, and lists the objects for `src/made.rs`.

#[path = "src/mistakes/build.rs"]
mod made;
#[path = "src/mistakes/mod.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "the tests read the rest of the table"
)]
mod mistakes;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() {
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    cases(&out);
    bpfapps_build::skeleton("hooks");
    bpfapps_build::object("greedy");
    bpfapps_build::object("crowded");
    bpfapps_build::object("left_open");
    bpfapps_build::object("beyond");
    bpfapps_build::object("records");
    bpfapps_build::object("untraced");
    small(&out);
    made::build(&out);
}

fn cases(out: &Path) {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("src/bpf");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .expect("the folder of the sources")
        .map(|entry| entry.expect("an entry").file_name())
        .filter_map(|name| Some(name.to_str()?.strip_suffix(".bpf.c")?.to_owned()))
        .filter(|name| name.starts_with("bpf"))
        .collect();
    names.sort();

    let mut list = String::from("&[\n");
    for name in &names {
        match name.as_str() {
            // one is loaded as an app does it, too
            "bpf0001" => bpfapps_build::skeleton(name),
            _ => bpfapps_build::object(name),
        }
        bpfapps_build::object_with(name, "FIXED");
        let source = folder.join(format!("{name}.bpf.c"));
        writeln!(
            list,
            "Case {{ name: {name:?}, source: include_str!({source:?}), \
             object: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.bpf.o\")), \
             fixed: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.FIXED.bpf.o\")) }},"
        )
        .expect("a String takes it");
    }
    list.push(']');
    fs::write(out.join("cases.rs"), list).expect("OUT_DIR can be written to");
    println!("cargo::rerun-if-changed={}", folder.display());
}

fn small(out: &Path) {
    let small = "src/bpf/small.c";
    println!("cargo::rerun-if-changed={small}");
    let clang = env::var("CLANG").unwrap_or_else(|_| "clang".to_owned());
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
        let mut command = Command::new(&clang);
        command
            .args(flags)
            .args(["-O2", "-c", small, "-o"])
            .arg(out.join(format!("{name}.o")));
        let status = command.status().expect("clang is there");
        assert!(status.success(), "{command:?}");
    }
}

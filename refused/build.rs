//! Compiles each `src/bpf/*.bpf.c`, and lists them for `src/lib.rs`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("src/bpf");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .expect("the folder of the sources")
        .map(|entry| entry.expect("an entry").file_name())
        .filter_map(|name| Some(name.to_str()?.strip_suffix(".bpf.c")?.to_owned()))
        .collect();
    names.sort();

    let mut list = String::from("&[\n");
    for name in &names {
        match name.as_str() {
            // one is loaded as an app does it, too
            "bpf0001" => bpfapps_build::skeleton(name),
            _ => bpfapps_build::object(name),
        }
        let source = folder.join(format!("{name}.bpf.c"));
        writeln!(
            list,
            "Case {{ name: {name:?}, source: include_str!({source:?}), \
             object: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.bpf.o\")) }},"
        )
        .expect("a String takes it");
    }
    list.push(']');
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("cases.rs"), list).expect("OUT_DIR can be written to");
    println!("cargo::rerun-if-changed={}", folder.display());
}

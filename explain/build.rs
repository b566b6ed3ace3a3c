//! Packs the pages: as text they would be a fiftieth of the binary that ships.

use std::path::Path;
use std::{env, fs, io};

use miniz_oxide::deflate::compress_to_vec;

const BEST: u8 = 10;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=pages");
    let mut pages = Vec::new();
    for page in fs::read_dir("pages")? {
        pages.push(fs::read_to_string(page?.path())?);
    }
    // in the order of their codes, which they begin with
    pages.sort();
    let packed = compress_to_vec(pages.join("\0").as_bytes(), BEST);
    let folder = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&folder).join("pages.deflate"), packed)
}

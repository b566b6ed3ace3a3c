//! Has cargo build the package anew when a template comes or goes: of those that are there it knows.

fn main() {
    for folder in ["kinds", "shared", "standalone"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}

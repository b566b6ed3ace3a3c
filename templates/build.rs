//! Has cargo build the package anew when a template comes or goes: of those that are there it knows.

fn main() {
    for folder in ["kinds", "shared", "standalone", "deploy"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}

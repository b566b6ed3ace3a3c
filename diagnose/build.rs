//! Generates the names of the helpers for `src/object/helpers.rs`.

fn main() {
    bpfapps_build::helper_names();
}

//! From `src/bpf/syscount.bpf.c` to the skeleton that `src/lib.rs` includes.

fn main() {
    bpfapps_build::skeleton("syscount");
}

//! From `src/bpf/runqlat.bpf.c` to the skeleton that `src/lib.rs` includes.

fn main() {
    bpfapps_build::skeleton("runqlat");
}

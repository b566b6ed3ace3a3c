//! From `src/bpf/trace.bpf.c` to the skeleton that `src/trace.rs` includes.

fn main() {
    bpfapps_build::skeleton("trace");
}

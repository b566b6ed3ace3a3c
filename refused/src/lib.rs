//! BPF programs that are wrong, each in one way: [`ALL`] do not load, those of [`Run`] do not attach,
//! and [`OBJECTS`] can't be opened. `tests/kernel` tries them on the running kernel, and reads what
//! the user is told.

mod cases;
mod hooks;

pub use cases::{ALL, Case};
pub use hooks::{CROWDED, GREEDY, Loaded, OBJECTS, Run};

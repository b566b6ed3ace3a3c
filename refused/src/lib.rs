//! Faulty BPF programs: [`ALL`] do not load, those of [`Run`] do not attach, and [`OBJECTS`] cannot
//! be opened. `tests/kernel` tries them on the running kernel and checks the messages.

mod cases;
mod hooks;
mod made;
mod mistakes;

pub use cases::{ALL, Case};
pub use hooks::{BEYOND, CROWDED, GREEDY, LEFT_OPEN, Loaded, OBJECTS, RECORDS, Run, UNTRACED};
pub use made::{MADE, Made};
pub use mistakes::{Edited, MISTAKES, Mistake};

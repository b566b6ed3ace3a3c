//! What the kernel counts: runs of programs, losses, and what maps and rings hold.

mod losses;
mod maps;
mod programs;
mod ring;

pub(super) use losses::Losses;
pub(super) use maps::Maps;
pub(super) use programs::Programs;
pub(super) use ring::Ring;

//! xtask as a user types it, on machines made of shell scripts.

mod apt;
mod btf;
mod cargo;
mod cross;
mod doctor;
mod machine;
mod setup;
mod tasks;
mod vm;
mod vmlinux;

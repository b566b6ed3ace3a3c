//! Adding and removing apps, in repositories of their own.

mod add;
mod new;
mod own;
mod standalone;

//! How apps come and go, as a user types it, in repositories of their own.

mod add;
mod new;
mod own;
mod standalone;

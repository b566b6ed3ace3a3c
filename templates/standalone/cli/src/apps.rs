//! The apps in this binary: without its lines here an app is not linked in, without a word.
//!
//! Each stands behind the cargo feature of its name, so that `cargo xtask dist --app NAME` builds
//! that app alone.

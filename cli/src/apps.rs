//! The apps in this binary: what `APPS = minimal bootstrap` is in libbpf-bootstrap's Makefile.
//!
//! A dependency alone is not linked: without its line here an app would silently be missing. Each
//! line depends on the cargo feature of the app's name, so that `cargo build --no-default-features
//! --features minimal` builds that app alone, like `make minimal`.

#[cfg(feature = "bootstrap")]
use bpfapps_bootstrap as _;
#[cfg(feature = "minimal")]
use bpfapps_minimal as _;
#[cfg(feature = "procs")]
use bpfapps_procs as _;
#[cfg(feature = "runqlat")]
use bpfapps_runqlat as _;
#[cfg(feature = "syscount")]
use bpfapps_syscount as _;
#[cfg(feature = "top")]
use bpfapps_top as _;

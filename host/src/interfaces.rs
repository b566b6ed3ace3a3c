//! The network interfaces of this process's network namespace.

use anyhow::{Context, Result, bail};
use bpfapps_explain::{Code, Failure};
use nix::errno::Errno;
use nix::net::if_::{if_indextoname, if_nameindex, if_nametoindex};

/// The index of an interface.
///
/// # Errors
///
/// No interface has that name; lists the existing ones.
pub fn index(name: &str) -> Result<i32> {
    match if_nametoindex(name) {
        Ok(index) => Ok(i32::try_from(index)?),
        Err(Errno::ENODEV) => {
            let all = if_nameindex().context("failed to list network interfaces")?;
            let names: Vec<_> = all.iter().map(|one| one.name().to_string_lossy()).collect();
            bail!(
                Failure::new(
                    format!("there is no network interface `{name}`"),
                    format!("there are: {}", names.join(", ")),
                )
                .code(Code::NO_INTERFACE)
            )
        }
        Err(err) => Err(err).with_context(|| format!("failed to find network interface {name}")),
    }
}

/// The name of an interface, or its number if it no longer exists.
pub fn name(index: u32) -> String {
    match if_indextoname(index) {
        // glibc returns an empty name for a number above those of interfaces
        Ok(name) if !name.is_empty() => name.to_string_lossy().into_owned(),
        _ => index.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_have_names() {
        let loopback = index("lo").expect("an index");
        assert_eq!(name(loopback.unsigned_abs()), "lo");
        assert_eq!([999_999, u32::MAX].map(name), ["999999", "4294967295"]);
        let err = index("no-such").expect_err("there is none");
        let hint = Failure::of(&err).and_then(Failure::hint);
        assert!(hint.is_some_and(|hint| hint.contains("lo")), "{err:#}");
    }
}

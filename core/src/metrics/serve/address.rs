//! Where metrics are served.
#![allow(unsafe_code)]

use std::fs;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{BorrowedFd, FromRawFd as _, OwnedFd};
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Error, Result, bail};
use bpfapps_explain::Failure;
use rustix::io::ioctl_fionbio;
use rustix::net::sockopt::socket_acceptconn;

/// An address to listen at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// `127.0.0.1:9435`, `[::]:9435`
    Tcp(SocketAddr),
    /// `unix:/run/bpfapps.sock`
    Unix(PathBuf),
    /// `systemd`: the socket that it hands over
    Systemd,
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.strip_prefix("unix:") {
            Some("") => bail!("unix: needs the path of a socket"),
            Some(path) => Ok(Self::Unix(path.into())),
            None if text == "systemd" => Ok(Self::Systemd),
            None => text.parse().map(Self::Tcp).map_err(|_| {
                Error::msg("not one like 127.0.0.1:9435, [::]:9435, unix:PATH or systemd")
            }),
        }
    }
}

impl Address {
    /// A socket that listens there, and does not block.
    pub(crate) fn listen(&self) -> Result<OwnedFd> {
        let socket: OwnedFd = match self {
            Self::Tcp(address) => TcpListener::bind(address)
                .with_context(|| format!("failed to serve metrics at {address}"))?
                .into(),
            Self::Unix(path) => bind(path)
                .with_context(|| format!("failed to serve metrics at {}", path.display()))?
                .into(),
            Self::Systemd => handed_over()?,
        };
        ioctl_fionbio(&socket, true)?;
        Ok(socket)
    }
}

/// Takes the place of a socket that nobody listens at any more.
fn bind(path: &Path) -> Result<UnixListener> {
    match UnixListener::bind(path) {
        Err(err) if err.kind() == ErrorKind::AddrInUse => {
            let is_socket = fs::symlink_metadata(path)?.file_type().is_socket();
            let answers = UnixStream::connect(path);
            let is_dead = answers.is_err_and(|err| err.kind() == ErrorKind::ConnectionRefused);
            if !is_socket || !is_dead {
                return Err(err.into());
            }
            fs::remove_file(path)?;
            Ok(UnixListener::bind(path)?)
        }
        other => Ok(other?),
    }
}

fn handed_over() -> Result<OwnedFd> {
    let missing = || {
        Failure::new(
            "systemd has passed no socket",
            "`systemd` is for a service that a .socket unit starts; else name an address, such as \
             127.0.0.1:9435",
        )
    };
    let fd = sd_notify::listen_fds().ok().and_then(|mut fds| fds.next());
    let fd = fd.ok_or_else(missing)?;
    // SAFETY: whether it is open is what is asked.
    let is_listening = socket_acceptconn(unsafe { BorrowedFd::borrow_raw(fd) });
    if !is_listening.unwrap_or(false) {
        return Err(missing().into());
    }
    // SAFETY: it is open, and by the protocol ours alone.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_of_three_kinds() {
        let parsed = |text: &str| text.parse::<Address>().map_err(|err| err.to_string());
        let tcp = |text: &str| Ok(Address::Tcp(text.parse().expect("an address")));
        assert_eq!(parsed("127.0.0.1:9435"), tcp("127.0.0.1:9435"));
        assert_eq!(parsed("[::]:9435"), tcp("[::]:9435"));
        assert_eq!(parsed("unix:/run/x"), Ok(Address::Unix("/run/x".into())));
        assert_eq!(parsed("systemd"), Ok(Address::Systemd));
        for text in ["", "9435", ":9435", "localhost", "127.0.0.1", "unix:"] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_a_dead_socket_is_replaced() -> Result<()> {
        let folder = tempfile::TempDir::new()?;
        let path = folder.path().join("socket");
        let first = bind(&path)?;
        assert!(bind(&path).is_err(), "somebody listens there");
        drop(first);
        bind(&path)?;

        let file = folder.path().join("file");
        fs::write(&file, "kept")?;
        assert!(bind(&file).is_err());
        assert_eq!(fs::read_to_string(&file)?, "kept");
        Ok(())
    }
}

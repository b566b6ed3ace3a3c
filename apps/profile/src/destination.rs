//! Where the profile goes: stdout, or a file that is replaced as a whole.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use bpfapps_core::{Context as _, Failure, Result, Session, bail};
use tempfile::{Builder, NamedTempFile};

/// Only who owns an entry of the folder may replace it.
const STICKY: u32 = 0o1000;

#[derive(Debug)]
pub(crate) enum Destination {
    Stdout,
    /// A file beside the one at the path; it is removed unless it takes the other one's place.
    File(NamedTempFile, PathBuf),
}

impl Destination {
    /// Finds out whether it can be written, by the user as whom the program continues.
    pub(crate) fn open(session: &Session, path: Option<&Path>, is_binary: bool) -> Result<Self> {
        let Some(path) = path else {
            if is_binary && io::stdout().is_terminal() {
                bail!(Failure::new(
                    "pprof is not for a terminal",
                    "write it with --output-file FILE"
                ));
            }
            return Ok(Self::Stdout);
        };
        let opened = session.act_as_left(|user| create(path, user).map_err(|err| (err, user)))?;
        opened.map_err(|(err, user)| {
            let what = format!("failed to write to {}: {err}", path.display());
            let hint = match err.kind() {
                ErrorKind::PermissionDenied => format!(
                    "the program continues as user {user}, without privileges: use a folder of that \
                     user, or let the shell write the file, with > FILE"
                ),
                _ => "give a file in a folder that exists".to_owned(),
            };
            Failure::new(what, hint).into()
        })
    }

    /// Keeps a command from writing to the same stdout.
    pub(crate) fn prepare(&self, session: &Session) {
        if matches!(self, Self::Stdout) {
            session.reserve_stdout();
        }
    }

    /// Writes all of it.
    pub(crate) fn write(self, session: &Session, bytes: &[u8]) -> Result<()> {
        let Self::File(mut file, path) = self else {
            return session.write(bytes);
        };
        let failed = || format!("failed to write to {}", path.display());
        file.write_all(bytes).with_context(failed)?;
        file.as_file().sync_all().with_context(failed)?;
        let replaced = file.persist(&path).map_err(|err| err.error);
        replaced.map(drop).with_context(failed)
    }
}

/// Creates the file beside the one at `path`, which may be a link.
fn create(path: &Path, user: u32) -> io::Result<Destination> {
    let path = match path.canonicalize() {
        Ok(path) => path,
        Err(err) if err.kind() == ErrorKind::NotFound => path.to_owned(),
        Err(err) => return Err(err),
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let into = fs::metadata(folder)?;
    if let Ok(old) = fs::metadata(&path) {
        if !old.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        if into.mode() & STICKY != 0 && ![old.uid(), into.uid()].contains(&user) {
            return Err(ErrorKind::PermissionDenied.into());
        }
    }
    let file = Builder::new()
        .prefix(".bpfapps-profile-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder);
    // tempfile names its own path, which the user has not given
    let file = file.map_err(|err| match err.raw_os_error() {
        Some(errno) => io::Error::from_raw_os_error(errno),
        None => err.kind().into(),
    })?;
    Ok(Destination::File(file, path))
}

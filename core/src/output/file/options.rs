use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use bpfapps_explain::Failure;
use bpfapps_host::{caller, files, shell};

use super::OutputFile;
use super::old;

/// The least that a file may hold: twice what is written at once.
const LEAST: u64 = 64 << 10;

/// The file that output goes to.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub(crate) struct FileOptions {
    /// Write events to FILE, in place of stdout
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,

    /// Append to FILE, in place of replacing it
    #[arg(long, requires = "output_file")]
    append: bool,

    /// Append to FILE, and rename it to FILE.1 before it grows over SIZE, such as 512K or 100M
    #[arg(
        long, value_name = "SIZE", requires = "output_file", allow_negative_numbers = true,
        value_parser = rotation_size
    )]
    rotate: Option<u64>,

    /// Keep N renamed files
    #[arg(
        long, value_name = "N", requires = "rotate", default_value_t = 5,
        allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..)
    )]
    keep: u32,

    /// Compress renamed files with gzip: FILE.1.gz
    #[arg(long, requires = "rotate")]
    compress: bool,
}

/// When a file is renamed, and what happens to it then.
#[derive(Clone, Debug)]
pub(super) struct Rotation {
    /// Its largest size.
    pub(super) bytes: u64,
    /// Renamed files that are kept.
    pub(super) keep: u32,
    pub(super) compress: bool,
}

impl FileOptions {
    /// True if the folder must let the program rename files.
    pub(crate) fn rotates(&self) -> bool {
        self.rotate.is_some()
    }

    /// Opens the file, if there is one. A file that is to be rotated is one that `user` may rename:
    /// call it with that user's rights.
    ///
    /// # Errors
    ///
    /// It can't be written; or files in its folder can't be renamed, if they are to be.
    pub(crate) fn open(&self, user: u32) -> Result<Option<OutputFile>> {
        let Some(path) = &self.output_file else {
            return Ok(None);
        };
        let Some(bytes) = self.rotate else {
            let file = match self.append {
                true => files::append(path)?,
                false => files::create(path)?,
            };
            let mut file = OutputFile::new(path, file, None)?;
            file.end_last_line()?;
            return Ok(Some(file));
        };
        is_file_or_nothing(path)?;
        may_be_renamed(path, user)?;
        let rotation = Rotation {
            bytes,
            keep: self.keep,
            compress: self.compress,
        };
        let mut file = OutputFile::new(path, files::append(path)?, Some(rotation))?;
        file.end_last_line()?;
        Ok(Some(file))
    }
}

fn is_file_or_nothing(path: &Path) -> Result<()> {
    let Ok(found) = caller::act(|| fs::symlink_metadata(path))? else {
        // why is said when it is opened
        return Ok(());
    };
    let shown = path.display();
    if found.is_symlink() {
        bail!("--rotate renames files, and {shown} is a link: name the file that it leads to");
    }
    ensure!(
        found.is_file(),
        "--rotate needs a regular file, and {shown} is none"
    );
    Ok(())
}

/// Tries it with a file that compression uses later.
fn may_be_renamed(path: &Path, user: u32) -> Result<()> {
    let part = old::part(path);
    let tried = caller::act(|| old::remove(&part).and_then(|()| fs::File::create_new(&part)))?;
    let removed = caller::act(|| old::remove(&part))?;
    let denied = match tried.map(drop).and(removed) {
        Ok(()) => caller::act(|| old::is_of_others(path, user))??,
        Err(err) if err.kind() == std::io::ErrorKind::PermissionDenied => true,
        Err(err) => {
            return Err(err).with_context(|| format!("failed to write to {}", path.display()));
        }
    };
    if !denied {
        return Ok(());
    }
    let folder = old::folder(path);
    let id = user.to_string();
    let words = ["install", "-d", "-o", &id].map(AsRef::as_ref);
    let command = shell::command(&[&words[..], &[folder.join("bpfapps").as_os_str()]].concat());
    let what = format!(
        "--rotate renames files in {}, and user {user}, as whom the program continues without \
         privileges, may not",
        folder.display()
    );
    Err(Failure::new(what, format!("use a folder of that user: {command}")).into())
}

fn rotation_size(text: &str) -> Result<u64> {
    let size = crate::events::bytes(text)?;
    ensure!(size >= LEAST, "less than 64K");
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_a_size_that_rows_fit_in() {
        let parsed = |text| rotation_size(text).map_err(|err| err.to_string());
        assert_eq!(parsed("64K"), Ok(64 << 10));
        assert_eq!(parsed("100M"), Ok(100 << 20));
        assert_eq!(parsed("2G"), Ok(2 << 30));
        assert_eq!(parsed("100000"), Ok(100_000));
        for text in ["0", "1", "63K", "65535"] {
            assert_eq!(parsed(text), Err("less than 64K".to_owned()), "{text}");
        }
        for text in ["", "-1", "M", "1T", "99999999999999999999", "17179869184G"] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }
}

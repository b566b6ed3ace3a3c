//! The time zone of rows.

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use bpfapps_host::files;
use jiff::tz::TimeZone;
use log::warn;

/// The largest file of a time zone, in bytes: none has 10 KiB.
const LARGEST: u64 = 64 * 1024;

/// The machine's own zone: usually a link into the database.
const LOCAL: &str = "/etc/localtime";

/// Where the database of zones is, by name. `TZDIR` names another place.
const DATABASE: &str = "/usr/share/zoneinfo";

/// The zone in `TZ`, or else this machine's; UTC with a warning if there is no such zone. To be
/// called with the caller's rights.
pub(super) fn local() -> TimeZone {
    let Some(said) = env::var_os("TZ") else {
        return machine(LOCAL.as_ref());
    };
    let said = said.to_string_lossy();
    let database = env::var_os("TZDIR").unwrap_or_else(|| DATABASE.into());
    named(&said, database.as_ref()).unwrap_or_else(|err| {
        warn!("TZ={said} is not a time zone, times are shown in UTC: {err:#}");
        TimeZone::UTC
    })
}

/// The zone in the file `local`. A machine without it has UTC.
fn machine(local: &Path) -> TimeZone {
    if fs::symlink_metadata(local).is_err() {
        return TimeZone::UTC;
    }
    of_file(local).unwrap_or_else(|err| {
        warn!("the time zone of this machine is unknown, times are shown in UTC: {err:#}");
        TimeZone::UTC
    })
}

/// A zone as in `TZ`: a rule of POSIX, a name in the database, or an absolute path of a file.
/// Empty is UTC, as for the C library.
fn named(said: &str, database: &Path) -> Result<TimeZone> {
    let said = said.strip_prefix(':').unwrap_or(said);
    if said.is_empty() || said == "UTC" {
        return Ok(TimeZone::UTC);
    }
    TimeZone::posix(said).or_else(|_| of_file(&database.join(said)))
}

fn of_file(path: &Path) -> Result<TimeZone> {
    let bytes = files::read(path, LARGEST)?;
    // The text of the crate's errors would be a hundredth of the binary that ships.
    let zone = TimeZone::tzif("", &bytes).ok();
    zone.with_context(|| format!("{} is not a file of a time zone", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use jiff::Timestamp;

    use super::*;

    /// A file as zic(8) writes it: the zone follows `rule` at all times.
    fn tzif(rule: &str) -> Vec<u8> {
        let mut block = b"TZif2".to_vec();
        block.extend([0; 15]);
        // counts: transitions none, one type, its name of four bytes
        block.extend([0u32, 0, 0, 0, 1, 4].map(u32::to_be_bytes).concat());
        block.extend((20_700i32).to_be_bytes());
        block.extend([0, 0]);
        block.extend(b"+05\0");
        // the same again with wide times, of which there are none
        [&block, &block, format!("\n{rule}\n").as_bytes()].concat()
    }

    fn at(zone: &TimeZone, time: &str) -> String {
        let time: Timestamp = time.parse().expect("a timestamp");
        zone.to_datetime(time).time().to_string()
    }

    #[test]
    fn zone_is_a_name_a_rule_or_a_file() {
        let database = tempfile::tempdir().expect("a folder");
        let path = database.path().join("Asia/Kathmandu");
        fs::create_dir_all(path.with_file_name("")).expect("a folder");
        fs::write(&path, tzif("<+0545>-5:45")).expect("a zone");
        let rule = "CET-1CEST,M3.5.0,M10.5.0/3";
        let absolute = path.display().to_string();
        for (said, january, july) in [
            ("Asia/Kathmandu", "17:45:00", "17:45:00"),
            (":Asia/Kathmandu", "17:45:00", "17:45:00"),
            (&absolute, "17:45:00", "17:45:00"),
            (rule, "13:00:00", "14:00:00"),
            ("UTC", "12:00:00", "12:00:00"),
            ("", "12:00:00", "12:00:00"),
        ] {
            let zone = named(said, database.path()).expect("a zone");
            assert_eq!(at(&zone, "2026-01-15T12:00:00Z"), january, "{said}");
            assert_eq!(at(&zone, "2026-07-15T12:00:00Z"), july, "{said}");
        }
        let unknown = |said: &str| named(said, database.path()).map_err(|err| format!("{err:#}"));
        let folder = database.path().display();
        let error =
            format!("failed to read {folder}/No/Where: No such file or directory (os error 2)");
        assert_eq!(unknown("No/Where"), Err(error));
        let error = format!("{folder}/Asia is not a regular file");
        assert_eq!(unknown("Asia"), Err(error));
        fs::write(database.path().join("text"), "CET").expect("a file");
        let error = format!("{folder}/text is not a file of a time zone");
        assert_eq!(unknown("text"), Err(error));
    }

    #[test]
    fn machine_has_the_zone_of_its_link_or_utc() {
        let folder = tempfile::tempdir().expect("a folder");
        let link = folder.path().join("localtime");
        assert_eq!(machine(&link), TimeZone::UTC);
        symlink("Kathmandu", &link).expect("a link");
        assert_eq!(machine(&link), TimeZone::UTC);
        fs::write(folder.path().join("Kathmandu"), tzif("<+0545>-5:45")).expect("a zone");
        assert_eq!(at(&machine(&link), "2026-11-27T00:00:00Z"), "05:45:00");
    }
}

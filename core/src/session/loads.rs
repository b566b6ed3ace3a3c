use std::error::Error;
use std::fmt;

use libbpf_rs::OpenObject;

/// The programs and maps that an app loads.
#[derive(Clone, Debug, Default)]
pub struct Loads {
    /// The programs, by name.
    pub programs: Vec<String>,
    /// The maps, by name.
    pub maps: Vec<String>,
}

impl Loads {
    /// What `open` will load.
    pub(super) fn of(open: &OpenObject) -> Self {
        let programs = open.progs().filter(|program| program.autoload());
        let maps = open.maps().filter(|map| map.autocreate());
        Self {
            programs: programs
                .map(|program| program.name().to_string_lossy().into_owned())
                .collect(),
            maps: maps
                .map(|map| map.name().to_string_lossy().into_owned())
                .collect(),
        }
    }
}

/// The programs are loaded, and that is all that a rehearsal is for.
#[derive(Debug)]
pub struct Rehearsed;

impl fmt::Display for Rehearsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("loaded, and not attached: this is a rehearsal")
    }
}

impl Error for Rehearsed {}

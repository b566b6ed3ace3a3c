use libbpf_rs::OpenObject;

/// What an app loads.
#[derive(Clone, Debug, Default)]
pub struct Loads {
    /// The programs, by name.
    pub programs: Vec<String>,
    /// The maps, by name.
    pub maps: Vec<String>,
}

impl Loads {
    /// What `open` is going to load.
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

//! Container, pod and systemd unit of a process, from the path of its cgroup.

/// Length of a container's id.
const ID_LEN: usize = 64;

/// Length of a pod's uid, and of a hash: the uid of a static pod, and a task of AWS Fargate.
const UUID_LEN: usize = 36;
const HASH_LEN: usize = 32;

/// Prefixes that runtimes give to the name of a container's cgroup, such as `docker-<id>.scope`.
const RUNTIMES: &[(&str, &str)] = &[
    ("docker", "docker"),
    ("libpod", "podman"),
    ("libpod-payload", "podman"),
    ("cri-containerd", "containerd"),
    ("nerdctl", "containerd"),
    ("crio", "cri-o"),
];

/// Cgroups above one that is named by the bare id. containerd's are its namespaces.
const PARENTS: &[(&str, &str)] = &[
    ("docker", "docker"),
    ("default", "containerd"),
    ("k8s.io", "containerd"),
];

/// Suffixes of the units that have processes.
const UNITS: &[&str] = &[".service", ".scope", ".socket", ".mount", ".swap"];

/// What a process belongs to. Each part is the innermost one: in a container in a container, the
/// inner one.
///
/// Nothing is guessed: a part that the path does not name is `None`. Names that are no ids, of LXC
/// or of machined, are no containers here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity<'a> {
    /// 64 hex digits, or on AWS Fargate the task's id, `-` and a number; OpenTelemetry's
    /// `container.id`.
    pub container_id: Option<&'a str>,
    /// docker, podman, containerd or cri-o; `None` where the path has the id alone.
    pub container_runtime: Option<&'static str>,
    /// With dashes; 32 hex digits of a static pod. OpenTelemetry's `k8s.pod.uid`.
    pub pod_uid: Option<String>,
    /// A service, scope, socket, mount or swap, as `systemctl` shows its name. In a container that
    /// runs systemd it is a unit of that systemd.
    pub systemd_unit: Option<&'a str>,
    /// The slice of that unit.
    pub systemd_slice: Option<&'a str>,
}

impl<'a> Identity<'a> {
    /// From a path below /sys/fs/cgroup, a line of /proc/PID/cgroup, or the path in it.
    #[must_use]
    pub fn of(path: &'a str) -> Self {
        Self::of_names(path.trim_end_matches('\n').rsplit('/'))
    }

    /// From the names in a path, the process's own cgroup first.
    #[must_use]
    pub fn of_names(names: impl Iterator<Item = &'a str>) -> Self {
        let mut found = Self::default();
        let mut names = names.peekable();
        while let Some(name) = names.next() {
            let above = names.peek().copied().unwrap_or_default();
            if found.container_id.is_none()
                && let Some((id, runtime)) = container(name, above)
            {
                (found.container_id, found.container_runtime) = (Some(id), runtime);
            }
            if found.pod_uid.is_none() {
                found.pod_uid = pod_uid(name);
            }
            if found.systemd_slice.is_none() {
                found.systemd_slice = unit(name, &[".slice"]);
                // above the slice there are no units of it
                if found.systemd_slice.is_none() && found.systemd_unit.is_none() {
                    found.systemd_unit = unit(name, UNITS);
                }
            }
        }
        found
    }

    /// Of a process with paths in two hierarchies, this one's being that of version 2: all from the
    /// one that knows the container, else from this one unless it knows nothing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let is_other = self == Self::default() || other.container_id.is_some();
        if self.container_id.is_none() && is_other {
            other
        } else {
            self
        }
    }
}

fn is_hex_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(is_hex_digit)
}

/// The id in the name of a cgroup, and its runtime.
fn container<'a>(name: &'a str, above: &str) -> Option<(&'a str, Option<&'static str>)> {
    if is_of_fargate(name, above) {
        return Some((name, None));
    }
    let stem = name.strip_suffix(".scope").unwrap_or(name);
    let (prefix, id) = stem.split_at_checked(stem.len().checked_sub(ID_LEN)?)?;
    if !is_hex(id) {
        return None;
    }
    let (key, table) = if prefix.is_empty() {
        (above, PARENTS)
    } else {
        // runc without systemd takes systemd's notation `<slice>:cri-containerd:<id>` as a name
        let prefix = prefix.strip_suffix(['-', ':'])?;
        (prefix.rsplit(':').next()?, RUNTIMES)
    };
    // the monitor of a container is outside; podman's pods have ids, too
    if key.ends_with("conmon") || key == "libpod_parent" {
        return None;
    }
    let known = table.iter().find(|(word, _)| *word == key);
    Some((id, known.map(|(_, runtime)| *runtime)))
}

/// True for `/<task>/<task>-<number>`.
fn is_of_fargate(name: &str, above: &str) -> bool {
    let number = name.strip_prefix(above).and_then(|it| it.strip_prefix('-'));
    above.len() == HASH_LEN
        && number.is_some_and(|it| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit()))
        && is_hex(above)
}

/// The uid in `pod<uid>`, or in a slice of systemd, whose names have `_` for `-`.
fn pod_uid(name: &str) -> Option<String> {
    let name = name.split_once(':').map_or(name, |(slice, _)| slice);
    let name = name.strip_suffix(".slice").unwrap_or(name);
    // without a search, as this is for each name of each event
    [UUID_LEN, HASH_LEN].into_iter().find_map(|len| {
        let (before, uid) = name.split_at_checked(name.len().checked_sub(len)?)?;
        let before = before.strip_suffix("pod")?;
        let is_pod = before.is_empty() || before.ends_with('-');
        (is_pod && is_uid(uid)).then(|| uid.replace('_', "-"))
    })
}

fn is_uid(uid: &str) -> bool {
    let is_dash = |at| uid.len() == UUID_LEN && matches!(at, 8 | 13 | 18 | 23);
    uid.bytes().enumerate().all(|(at, byte)| match byte {
        b'-' | b'_' => is_dash(at),
        byte => is_hex_digit(byte) && !is_dash(at),
    })
}

/// The unit that the cgroup is of, if it has one of these suffixes.
fn unit<'a>(name: &'a str, suffixes: &[&str]) -> Option<&'a str> {
    // systemd puts a `_` before a name that could be a file of the cgroup
    let name = name.strip_prefix('_').unwrap_or(name);
    let stem = suffixes
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))?;
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b":-_.\\@".contains(&byte);
    (!stem.is_empty() && stem.bytes().all(is_allowed)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks of three lines: where such a path is seen, the path, and what it names. They are from
    /// public reports, with digits filled in where a report leaves some out; the last are made up.
    const PATHS: &str = include_str!("paths.txt");

    /// Ids are shortened to 12 digits.
    fn short(text: &str) -> String {
        let mut text = text.to_owned();
        while let Some(at) = (0..text.len().saturating_sub(ID_LEN - 1))
            .find(|&at| text.get(at..at + ID_LEN).is_some_and(is_hex))
        {
            text.replace_range(at + 12..at + ID_LEN, "");
        }
        text
    }

    fn shown(identity: &Identity<'_>) -> String {
        let parts = [
            ("container", identity.container_id),
            ("runtime", identity.container_runtime),
            ("pod", identity.pod_uid.as_deref()),
            ("unit", identity.systemd_unit),
            ("slice", identity.systemd_slice),
        ];
        let parts = parts
            .iter()
            .filter_map(|(name, part)| part.map(|part| format!("{name}={}", short(part))));
        parts.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn identity_is_what_the_path_says() {
        let mut count = 0;
        for block in PATHS.split("\n\n") {
            let lines: Vec<_> = block.trim_end().lines().collect();
            let &[origin, path, expected] = &lines[..] else {
                panic!("not three lines: {block}");
            };
            let expected = expected.trim_start_matches("-> ");
            let expected = expected.trim_start_matches("nothing");
            let found = Identity::of(path);
            assert_eq!(shown(&found), expected, "{origin}: {path}");
            let is_short = |id: &str| id.len() < ID_LEN && !id.contains('-');
            assert!(!found.container_id.is_some_and(is_short), "{path}");
            count += 1;
        }
        assert!(count > 50, "{count} paths");
    }

    #[test]
    fn hierarchy_that_knows_the_container_counts() {
        let docker = "/docker/2403ccfe427f1dc7b6120dccb9ac58c2f8456950380d587a9f33ea7f00dd303d";
        let [docker, service, session, none] = [
            docker,
            "/system.slice/containerd.service",
            "/user.slice/user-1000.slice/session-2.scope",
            "/",
        ]
        .map(Identity::of);
        assert_eq!(service.clone().or(docker.clone()), docker);
        assert_eq!(docker.clone().or(service.clone()), docker);
        assert_eq!(service.clone().or(session.clone()), service);
        assert_eq!(none.clone().or(session.clone()), session);
        assert_eq!(session.clone().or(none), session);
    }
}

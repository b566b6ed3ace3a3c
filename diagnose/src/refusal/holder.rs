//! Holders of a hook: attached programs and links, and the processes that keep them alive.

use std::fmt;
use std::fs;

use bpfapps_host::namespaces;
use libbpf_rs::query::{LinkInfo, LinkInfoIter, LinkTypeInfo, MapInfo, ProgInfoIter};

/// An attached program or struct_ops map.
#[derive(Debug)]
pub(super) struct Holder {
    /// Start of the description: `program handle_packet (id 7`.
    what: String,
    link: Option<u32>,
    /// Processes that keep it alive; if empty, it is pinned or permanently attached.
    processes: Vec<Process>,
}

#[derive(Clone, Debug)]
struct Process {
    pid: u32,
    name: String,
}

impl Holder {
    /// The holders of links matching `predicate`, those in this process's network namespace first.
    pub(super) fn of_links(predicate: impl Fn(&LinkInfo) -> bool) -> Vec<Self> {
        let (mut holders, others): (Vec<_>, Vec<_>) = LinkInfoIter::default()
            .filter(|link| predicate(link))
            .map(|link| Self::of_program(link.prog_id))
            .partition(Self::shares_network);
        holders.extend(others);
        holders
    }

    /// The holder of a program, and of its link if it has one.
    pub(super) fn of_program(id: u32) -> Self {
        let name = ProgInfoIter::default().find(|info| info.id == id);
        let name = name.map_or_else(String::new, |info| format!("{} ", info.name.display()));
        let link = LinkInfoIter::default().find(|link| link.prog_id == id);
        let link = link.map(|link| link.id);
        Self {
            what: format!("program {name}(id {id}"),
            link,
            processes: link.map_or_else(|| holding("prog_id", id), |id| holding("link_id", id)),
        }
    }

    /// The holder of a struct_ops map.
    pub(super) fn of_map(map: &MapInfo) -> Self {
        let id = map.id;
        let link = LinkInfoIter::default().find(|link| match &link.info {
            LinkTypeInfo::StructOps(info) => info.map_id == id,
            _ => false,
        });
        let link = link.map(|link| link.id);
        Self {
            what: format!("map {} (id {id}", map.name.display()),
            link,
            processes: link.map_or_else(|| holding("map_id", id), |id| holding("link_id", id)),
        }
    }

    fn shares_network(&self) -> bool {
        let own = namespaces::inode("self", "net");
        let pids = self.processes.iter().map(|process| process.pid.to_string());
        pids.into_iter()
            .any(|pid| namespaces::inode(&pid, "net") == own)
    }

    /// How to remove it; `otherwise` if no process and no link keeps it.
    pub(super) fn removal(&self, otherwise: &str) -> String {
        match (self.processes.as_slice(), self.link) {
            ([process, ..], _) => format!("stop it: sudo kill {}", process.pid),
            ([], Some(link)) => format!(
                "it is pinned, and no process holds it: sudo bpftool link detach id {link}, or \
                 remove its file in /sys/fs/bpf"
            ),
            ([], None) => otherwise.to_owned(),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if let Some(link) = self.link {
            write!(f, ", link {link}")?;
        }
        f.write_str(")")?;
        match self.processes.as_slice() {
            [] => Ok(()),
            [Process { pid, name }, rest @ ..] => {
                write!(f, " of {name} (pid {pid})")?;
                match rest.len() {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
        }
    }
}

/// The processes that have a file descriptor with `field: id` in its fdinfo.
fn holding(field: &str, id: u32) -> Vec<Process> {
    let processes = fs::read_dir("/proc").into_iter().flatten();
    let pids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|pid| holds(*pid, field, id))
        .map(|pid| Process {
            pid,
            name: fs::read_to_string(format!("/proc/{pid}/comm"))
                .unwrap_or_default()
                .trim_end()
                .to_owned(),
        })
        .collect()
}

fn holds(pid: u32, field: &str, id: u32) -> bool {
    let files = fs::read_dir(format!("/proc/{pid}/fdinfo"))
        .into_iter()
        .flatten();
    let mut texts = files.filter_map(|file| fs::read_to_string(file.ok()?.path()).ok());
    texts.any(|text| {
        text.lines().any(|line| {
            let value = line.split_once(':').filter(|(name, _)| *name == field);
            value.is_some_and(|(_, value)| value.trim().parse() == Ok(id))
        })
    })
}

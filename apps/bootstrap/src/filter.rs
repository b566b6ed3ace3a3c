//! Which processes are reported: the other half of `bpf/filter.h`.

use std::fs;

use bpfapps_core::{Context, Result, bail};
use libbpf_rs::{MapCore, MapFlags};

use crate::{BootstrapMaps, OpenBootstrapMaps};

/// The kernel keeps so many bytes of a task's name, a NUL included.
const COMM_LEN: usize = 16;

/// Options that leave processes out: given again they add up, and different ones narrow down.
#[derive(Debug, clap::Args)]
pub(crate) struct Filter {
    /// Report only this process; may be given again
    #[arg(short, long, value_name = "PID", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..))]
    pid: Vec<u32>,

    /// Report only processes of this user, by name or number; may be given again
    #[arg(short, long, value_name = "USER", allow_negative_numbers = true, value_parser = uid)]
    uid: Vec<u32>,

    /// Report only tasks of this name, as in the column COMM; may be given again
    #[arg(long, value_name = "NAME", value_parser = comm)]
    comm: Vec<[u8; COMM_LEN]>,

    /// Report only exits with this code; may be given again
    #[arg(long, value_name = "CODE", allow_negative_numbers = true)]
    exit_code: Vec<u8>,

    /// Report only exits with a code other than 0, or by a signal
    #[arg(long)]
    failed_only: bool,
}

impl Filter {
    /// Sets what is fixed once the object is loaded.
    pub(crate) fn configure(&self, maps: &mut OpenBootstrapMaps<'_>) -> Result<()> {
        let rodata = maps
            .rodata_data
            .as_mut()
            .context("the BPF object has no rodata")?;
        rodata.only_failed = self.failed_only.into();
        for (knob, map, count) in [
            (&mut rodata.only_pids, &mut maps.pids, self.pid.len()),
            (&mut rodata.only_uids, &mut maps.uids, self.uid.len()),
            (&mut rodata.only_comms, &mut maps.comms, self.comm.len()),
            (
                &mut rodata.only_exit_codes,
                &mut maps.exit_codes,
                self.exit_code.len(),
            ),
        ] {
            *knob = (count > 0).into();
            map.set_autocreate(count > 0)?;
            map.set_max_entries(u32::try_from(count.max(1))?)?;
        }
        Ok(())
    }

    /// Fills the sets, before anything is attached.
    pub(crate) fn fill(&self, maps: &BootstrapMaps<'_>) -> Result<()> {
        let numbers = |numbers: &[u32]| numbers.iter().map(|n| n.to_ne_bytes()).collect::<Vec<_>>();
        let codes: Vec<u32> = self.exit_code.iter().map(|&code| code.into()).collect();
        fill(&maps.pids, &numbers(&self.pid))?;
        fill(&maps.uids, &numbers(&self.uid))?;
        fill(&maps.comms, &self.comm)?;
        fill(&maps.exit_codes, &numbers(&codes))
    }
}

fn fill<K: AsRef<[u8]>>(map: &impl MapCore, keys: &[K]) -> Result<()> {
    for key in keys {
        map.update(key.as_ref(), &[1], MapFlags::ANY)
            .context("failed to set a filter")?;
    }
    Ok(())
}

/// A user by number, or by a name in /etc/passwd: a static binary has no other way to look it up.
fn uid(text: &str) -> Result<u32> {
    if let Ok(uid) = text.parse() {
        return Ok(uid);
    }
    let users = fs::read_to_string("/etc/passwd").context("failed to read /etc/passwd")?;
    uid_in(&users, text).with_context(|| format!("no user `{text}` in /etc/passwd: give a number"))
}

fn uid_in(users: &str, name: &str) -> Option<u32> {
    let mut users = users.lines().map(|line| line.split(':'));
    let mut fields =
        users.find_map(|mut fields| (fields.next() == Some(name)).then_some(fields))?;
    fields.nth(1)?.parse().ok()
}

fn comm(text: &str) -> Result<[u8; COMM_LEN]> {
    let longest = COMM_LEN - 1;
    if text.is_empty() || text.len() > longest {
        bail!("a task's name has from 1 to {longest} bytes");
    }
    let mut comm = [0; COMM_LEN];
    comm[..text.len()].copy_from_slice(text.as_bytes());
    Ok(comm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_is_found_by_the_whole_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n";
        assert_eq!(uid_in(users, "nobody"), Some(65534));
        assert_eq!(uid_in(users, "body"), None);
        assert_eq!(uid_in(users, ""), None);
        assert_eq!(uid("1000").ok(), Some(1000));
    }

    #[test]
    fn name_is_padded_with_nul() {
        assert_eq!(
            comm("sh").ok().as_ref().map(|comm| &comm[..4]),
            Some(&b"sh\0\0"[..])
        );
        assert!(comm("").is_err() && comm("sixteen-bytes-xx").is_err());
        assert!(comm("fifteen-bytes-x").is_ok());
    }
}

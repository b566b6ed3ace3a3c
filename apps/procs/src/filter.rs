//! Which processes are reported: the other half of `bpf/filter.h` and `bpf/children.h`.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::process;

use bpfapps_core::host::caller;
use bpfapps_core::host::cgroups;
use bpfapps_core::host::namespaces::PidNamespace;
use bpfapps_core::host::users;
use bpfapps_core::{Context, Result, bail, milliseconds};
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use libbpf_rs::{ErrorKind, MapCore, MapFlags};

use crate::{OpenProcsSkel, ProcsMaps, processes};

/// Size of a task's name in the kernel, with its NUL.
const COMM_LEN: usize = 16;

/// MAX_CGROUPS in `bpf/filter.h`.
const MAX_CGROUPS: usize = 64;

/// Maximum number of followed processes at a time.
const MAX_CHILDREN: u32 = 65536;

/// Options that leave processes out: given again they add up, and different ones narrow down.
#[derive(Debug, clap::Args)]
pub(crate) struct Filter {
    /// Report only exits, of processes that lived at least MS milliseconds
    #[arg(short, long, value_name = "MS", allow_negative_numbers = true, value_parser = milliseconds)]
    duration: Option<u64>,

    /// Report only this process, until it ends; may be given again
    #[arg(short, long, value_name = "PID", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..))]
    pid: Vec<u32>,

    /// With each --pid also all processes below it
    #[arg(long, requires = "pid")]
    children: bool,

    /// Report only processes of this user, by name or number; may be given again
    #[arg(short, long, value_name = "USER", allow_negative_numbers = true, value_parser = users::uid)]
    uid: Vec<u32>,

    /// Report only processes in this cgroup v2 or below it; may be given again
    #[arg(long, value_name = "PATH", value_parser = cgroups::folder)]
    cgroup: Vec<PathBuf>,

    /// Report only tasks of this name, as in the column COMM; may be given again
    #[arg(long, value_name = "NAME", value_parser = OsStringValueParser::new().try_map(comm))]
    comm: Vec<[u8; COMM_LEN]>,

    /// Report only exits with this code; may be given again
    #[arg(long, value_name = "CODE", allow_negative_numbers = true)]
    exit_code: Vec<u8>,

    /// Report only exits with a code other than 0, or by a signal
    #[arg(long)]
    failed_only: bool,
}

impl Filter {
    /// True if all processes are selected by the numbers of a PID namespace other than the host's.
    pub(crate) fn has_own_pids(&self, command: bool) -> Result<bool> {
        Ok((command || !self.pid.is_empty()) && PidNamespace::own()?.ino != 0)
    }

    /// Sets what is fixed once the object is loaded; `command` is true if procs runs a command.
    pub(crate) fn configure(&self, open: &mut OpenProcsSkel<'_>, command: bool) -> Result<()> {
        let children = self.children || command;
        let maps = &mut open.maps;
        let rodata = maps.rodata_data.as_mut();
        let rodata = rodata.context("the BPF object has no rodata")?;
        rodata.min_duration_ns = self.duration.unwrap_or(0);
        rodata.only_failed = self.failed_only.into();
        rodata.with_children = children.into();
        if command {
            rodata.tracer_pid = process::id();
        }
        if children || !self.pid.is_empty() {
            let namespace = PidNamespace::own()?;
            (rodata.pidns_dev, rodata.pidns_ino) = (namespace.dev, namespace.ino);
        }
        if self.cgroup.len() > MAX_CGROUPS {
            bail!("--cgroup can be given at most {MAX_CGROUPS} times");
        }
        let cgroups = self.cgroup.len();
        rodata.only_cgroups = u32::try_from(cgroups)?;
        maps.cgroups.set_autocreate(cgroups > 0)?;
        maps.cgroups
            .set_max_entries(u32::try_from(cgroups.max(1))?)?;
        maps.children.set_autocreate(children)?;
        maps.children.set_max_entries(MAX_CHILDREN)?;
        open.progs.handle_fork.set_autoload(children);

        let pids = self.pid.len() + usize::from(command);
        for (knob, map, count) in [
            (&mut rodata.only_pids, &mut maps.pids, pids),
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
        if self.children {
            // existing processes are added by the process ids that we see
            maps.pids.set_max_entries(MAX_CHILDREN)?;
        }
        Ok(())
    }

    /// Fills the sets that stay as they are, before anything is attached.
    pub(crate) fn fill(&self, maps: &ProcsMaps<'_>) -> Result<()> {
        let codes: Vec<u32> = self.exit_code.iter().map(|&code| code.into()).collect();
        fill(&maps.uids, &numbers(&self.uid))?;
        fill(&maps.comms, &self.comm)?;
        fill(&maps.exit_codes, &numbers(&codes))?;
        for (index, path) in (0_u32..).zip(&self.cgroup) {
            let folder = caller::act(|| File::open(path))?
                .with_context(|| format!("failed to open {}", path.display()))?;
            let (index, fd) = (index.to_ne_bytes(), folder.as_raw_fd().to_ne_bytes());
            maps.cgroups
                .update(&index, &fd, MapFlags::ANY)
                .with_context(|| format!("failed to filter by {}", path.display()))?;
        }
        Ok(())
    }

    /// Adds the processes that are wanted by number. The programs are attached: from now on they
    /// forget each process at its exit, and add each child of one that is in the set.
    pub(crate) fn add_processes(&self, maps: &ProcsMaps<'_>) -> Result<()> {
        for &pid in &self.pid {
            if !add(&maps.pids, pid)? {
                bail!("process {pid} has ended");
            }
        }
        if !self.children {
            return Ok(());
        }
        let mut wanted: HashSet<u32> = self.pid.iter().copied().collect();
        // A scan can miss children of a process it just added; repeat until none is added.
        loop {
            let mut added = false;
            for (pid, parent) in processes::all()? {
                if wanted.contains(&parent) && wanted.insert(pid) {
                    added |= add(&maps.pids, pid)?;
                }
            }
            if !added {
                return Ok(());
            }
        }
    }
}

/// Adds a process to the set; returns false if it has ended or is about to.
fn add(pids: &impl MapCore, pid: u32) -> Result<bool> {
    let key = pid.to_ne_bytes();
    fill(pids, &[key])?;
    // who runs now is forgotten at its exit; who does not may have passed that, and its number
    // would stay
    let running = processes::is_running(pid);
    if !running {
        match pids.delete(&key) {
            Err(err) if err.kind() != ErrorKind::NotFound => {
                return Err(err).context("failed to unset a filter");
            }
            _ => {}
        }
    }
    Ok(running)
}

fn numbers(numbers: &[u32]) -> Vec<[u8; 4]> {
    numbers.iter().map(|number| number.to_ne_bytes()).collect()
}

fn fill<K: AsRef<[u8]>>(map: &impl MapCore, keys: &[K]) -> Result<()> {
    for key in keys {
        map.update(key.as_ref(), &[1], MapFlags::ANY)
            .context("failed to set a filter")?;
    }
    Ok(())
}

fn comm(name: OsString) -> Result<[u8; COMM_LEN]> {
    let (name, longest) = (name.as_bytes(), COMM_LEN - 1);
    if name.is_empty() || name.len() > longest {
        bail!("a task's name has from 1 to {longest} bytes");
    }
    let mut comm = [0; COMM_LEN];
    comm[..name.len()].copy_from_slice(name);
    Ok(comm)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn name_is_padded_with_nul() {
        let comm = |name: &[u8]| comm(OsStr::from_bytes(name).to_owned()).ok();
        assert_eq!(
            comm(b"s\xff").map(|comm| comm[..4].to_vec()),
            Some(b"s\xff\0\0".to_vec())
        );
        assert!(comm(b"").is_none() && comm(b"sixteen-bytes-xx").is_none());
        assert!(comm(b"fifteen-bytes-x").is_some());
    }
}

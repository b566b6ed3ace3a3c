//! Hooks that allow only one program, and the current holder.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::path::Path;

use bpfapps_explain::{Code, Failure};
use bpfapps_host::{interfaces, namespaces, shell};
use libbpf_rs::query::{LinkTypeInfo, MapInfo, MapInfoIter};
use libbpf_rs::{MapCore as _, MapFlags, MapHandle, MapType, ProgramAttachType};
use nix::errno::Errno;

use super::holder::Holder;
use super::query;
use crate::{InterfaceHook, Target};

/// The failure that names the holder of `target`, if the kernel reports it as busy.
pub(super) fn cause(target: &Target<'_>, errno: Errno) -> Option<Failure> {
    let busy = matches!(errno, Errno::EBUSY | Errno::EEXIST);
    match *target {
        Target::Interface(InterfaceHook::XdpNative | InterfaceHook::XdpSkb, index) if busy => {
            Some(xdp(index))
        }
        Target::Netfilter {
            family,
            hook,
            priority,
        } if busy => Some(netfilter(family, hook, priority)),
        Target::Network if busy => Some(network()),
        Target::StructOps(name) if busy => Some(struct_ops(name)),
        // the caller has the rights to attach, so EPERM has another cause
        Target::Cgroup(folder, kind) if errno == Errno::EPERM => exclusive(folder, kind),
        _ => None,
    }
}

/// `room`: how the hook can be shared, if at all.
fn taken(holder: Option<&Holder>, otherwise: &str, room: Option<&str>) -> Failure {
    let message = match holder {
        Some(holder) => format!("it is taken by {holder}"),
        None => "another program occupies it".to_owned(),
    };
    let removal = holder.map_or_else(|| otherwise.to_owned(), |holder| holder.removal(otherwise));
    let hint = match room {
        Some(room) => format!("{room}; or {removal}"),
        None => removal,
    };
    Failure::new(message, hint).code(Code::TAKEN)
}

fn xdp(index: i32) -> Failure {
    let program = query::xdp_program(index);
    let holder = program.map(Holder::of_program);
    let otherwise = format!(
        "remove it: sudo ip link set dev {} xdp off",
        shell::word(interfaces::name(index.unsigned_abs()).as_ref())
    );
    taken(holder.as_ref(), &otherwise, None)
}

fn netfilter(family: i32, hook: i32, priority: i32) -> Failure {
    let holders = Holder::of_links(|link| match &link.info {
        LinkTypeInfo::Netfilter(info) => {
            i32::try_from(info.protocol_family) == Ok(family)
                && i32::try_from(info.hooknum) == Ok(hook)
                && info.priority == priority
        }
        _ => false,
    });
    taken(
        holders.first(),
        "find it with sudo bpftool net",
        Some("use another priority: each allows one program"),
    )
}

fn network() -> Failure {
    let own = namespaces::inode("self", "net");
    let holders = Holder::of_links(|link| match &link.info {
        LinkTypeInfo::NetNs(info) => own == Some(info.ino.into()),
        _ => false,
    });
    taken(holders.first(), "find it with sudo bpftool net", None)
}

/// Finds the struct_ops map that registered `name`: the map's value contains the name.
fn struct_ops(name: &str) -> Failure {
    let registers = |map: &MapInfo| {
        let value =
            MapHandle::from_map_id(map.id).and_then(|map| map.lookup(&[0; 4], MapFlags::ANY));
        let value = value.ok().flatten().unwrap_or_default();
        value
            .split(|byte| *byte == 0)
            .any(|text| text == name.as_bytes())
    };
    let map = MapInfoIter::default()
        .filter(|map| map.ty == MapType::StructOps)
        .find(registers);
    let otherwise = "the kernel has a built-in one of that name: choose another name";
    taken(map.as_ref().map(Holder::of_map).as_ref(), otherwise, None)
}

/// A program attached the old way, without the flag that allows others. It blocks them in its
/// cgroup, and in descendants unless it may be overridden there.
fn exclusive(folder: &Path, kind: &ProgramAttachType) -> Option<Failure> {
    let mut folders = folder
        .ancestors()
        .take_while(|one| one.join("cgroup.procs").exists());
    let (place, program) = folders.find_map(|one| {
        let cgroup = File::open(one).ok()?;
        let attached = query::cgroup_programs(cgroup.as_fd(), kind).ok()?;
        let lets_in = attached.multi || attached.overridable && one != folder;
        let program = attached.programs.first().filter(|_| !lets_in)?;
        Some((one, *program))
    })?;
    let otherwise = format!(
        "find it with sudo bpftool cgroup show {}, and remove it with sudo bpftool cgroup detach",
        shell::word(place.as_ref())
    );
    Some(taken(Some(&Holder::of_program(program)), &otherwise, None))
}

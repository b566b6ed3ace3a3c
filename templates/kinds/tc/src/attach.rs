//! Both directions of an interface: by tcx, or by the classic tc where the kernel has no tcx.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

use bpfapps_core::InterfaceHook::{self, TcxEgress, TcxIngress};
use bpfapps_core::net::{self, create_clsact};
use bpfapps_core::{Context, Error, Failure, Result, Session, Target};
use libbpf_rs::{ProgramMut, TC_EGRESS, TC_INGRESS, TcHook};
use log::{info, warn};

use crate::{{ Name }}Progs;

/// What the kernel says that has no tcx.
const EINVAL: i32 = 22;

/// What is attached; no longer when this is dropped.
pub(crate) enum Attached {
    /// Links: they die with the process at the latest
    Tcx { _links: [OwnedFd; 2] },
    /// Filters: they are to be taken away
    Classic(#[expect(dead_code, reason = "to be dropped")] Classic),
}

/// Attaches to the interface with that index.
pub(crate) fn attach(
    session: &Session,
    programs: &{{ Name }}Progs<'_>,
    index: i32,
    classic: bool,
) -> Result<Attached> {
    if !classic {
        let tcx = |hook: InterfaceHook, program: &ProgramMut<'_>, link: io::Result<OwnedFd>| {
            session.attach_to(program.name(), Target::Interface(hook, index), || link)
        };
        let link = net::attach(TcxIngress, &programs.handle_ingress, index);
        // what the kernel says that has no tcx
        match link.as_ref().err().and_then(io::Error::raw_os_error) {
            Some(EINVAL) => info!("this kernel has no tcx"),
            _ => {
                let ingress = tcx(TcxIngress, &programs.handle_ingress, link)?;
                let link = net::attach(TcxEgress, &programs.handle_egress, index);
                let egress = tcx(TcxEgress, &programs.handle_egress, link)?;
                info!("attached by tcx");
                return Ok(Attached::Tcx { _links: [ingress, egress] });
            }
        }
    }
    let mut filters = Classic {
        is_ours: create_clsact(index).map_err(explain)?,
        index,
        hooks: Vec::new(),
    };
    for (program, way) in [
        (&programs.handle_ingress, TC_INGRESS),
        (&programs.handle_egress, TC_EGRESS),
    ] {
        let target = Target::ClassicTc(index);
        session.attach_to(program.name(), target, || filters.add(program, way))?;
    }
    info!("attached by the classic tc");
    Ok(Attached::Classic(filters))
}

fn explain(err: io::Error) -> Error {
    let no_such_qdisc = err.kind() == io::ErrorKind::NotFound;
    let err = Error::new(err).context("failed to prepare the classic tc");
    match no_such_qdisc {
        true => err.context(Failure::new(
            "this kernel has no clsact qdisc, which the classic tc needs",
            "tcx, which needs none, is in Linux 6.6 and newer; before, try modprobe sch_ingress",
        )),
        false => err,
    }
}

/// Filters of the classic tc, which would outlive this process.
pub(crate) struct Classic {
    index: i32,
    /// Whether the place where the filters are is our own
    is_ours: bool,
    hooks: Vec<TcHook>,
}

impl Classic {
    fn add(&mut self, program: &ProgramMut<'_>, way: u32) -> Result<()> {
        let mut hook = TcHook::new(program.as_fd());
        // the kernel chooses handle and priority: nobody else's filter is touched
        hook.ifindex(self.index).attach_point(way);
        hook.attach().context("the classic tc refuses a filter")?;
        self.hooks.push(hook);
        Ok(())
    }
}

impl Drop for Classic {
    fn drop(&mut self) {
        for hook in &mut self.hooks {
            if let Err(err) = hook.detach() {
                warn!("failed to take a filter away: {err}");
            }
        }
        if let (true, Some(hook)) = (self.is_ours, self.hooks.first_mut()) {
            hook.attach_point(TC_INGRESS | TC_EGRESS);
            if let Err(err) = hook.destroy() {
                warn!("failed to take the clsact qdisc away: {err}");
            }
        }
    }
}

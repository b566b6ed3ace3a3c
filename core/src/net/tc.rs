//! Both directions of an interface: tcx, or the classic tc on kernels without tcx.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

use anyhow::{Context as _, Error, Result};
use bpfapps_diagnose::InterfaceHook::{TcxEgress, TcxIngress};
use bpfapps_diagnose::Target;
use bpfapps_explain::Failure;
use libbpf_rs::{ProgramMut, TC_EGRESS, TC_INGRESS, TcHook};
use log::{info, warn};
use nix::errno::Errno;

use super::hook::{attach, create_clsact};
use crate::session::Session;

/// Programs attached to both directions of an interface; detached when this is dropped.
#[derive(Debug)]
pub struct TcLinks {
    /// They die with the process at the latest.
    _tcx: Vec<OwnedFd>,
    _filters: Option<Filters>,
}

impl Session {
    /// Attaches one program to what comes in at the interface with that index, and one to what goes out:
    /// by tcx, or by the classic tc if the kernel has no tcx or `classic` is true.
    ///
    /// The filters of the classic tc would outlive the process. To remove them the app needs
    /// CAP_NET_ADMIN until its end: [`Needs::keeps`](crate::Needs::keeps).
    ///
    /// # Errors
    ///
    /// Those of [`Session::attach_to`].
    pub fn attach_tc(
        &self,
        ingress: &ProgramMut<'_>,
        egress: &ProgramMut<'_>,
        interface: i32,
        classic: bool,
    ) -> Result<TcLinks> {
        if !classic {
            let first = attach(TcxIngress, ingress, interface);
            let errno = first.as_ref().err().and_then(io::Error::raw_os_error);
            if errno != Some(Errno::EINVAL as i32) {
                let target = |hook| Target::Interface(hook, interface);
                let first = self.attach_to(ingress.name(), target(TcxIngress), || first)?;
                let second = self.attach_to(egress.name(), target(TcxEgress), || {
                    attach(TcxEgress, egress, interface)
                })?;
                info!("attached by tcx");
                return Ok(TcLinks {
                    _tcx: vec![first, second],
                    _filters: None,
                });
            }
            info!("this kernel has no tcx");
        }
        let mut filters = Filters::prepare(interface)?;
        for (program, direction) in [(ingress, TC_INGRESS), (egress, TC_EGRESS)] {
            self.attach_to(program.name(), Target::ClassicTc(interface), || {
                filters.add(program, direction)
            })?;
        }
        info!("attached by the classic tc");
        Ok(TcLinks {
            _tcx: Vec::new(),
            _filters: Some(filters),
        })
    }
}

/// Filters of the classic tc.
#[derive(Debug)]
struct Filters {
    interface: i32,
    /// True if the interface had no clsact qdisc before.
    is_ours: bool,
    hooks: Vec<TcHook>,
}

impl Filters {
    fn prepare(interface: i32) -> Result<Self> {
        let is_ours = create_clsact(interface).map_err(|err| {
            let is_missing = err.kind() == io::ErrorKind::NotFound;
            let err = Error::new(err).context("failed to prepare the classic tc");
            match is_missing {
                true => err.context(Failure::new(
                    "this kernel has no clsact qdisc, which the classic tc needs",
                    "tcx, which needs none, is in Linux 6.6 and newer; before, try modprobe \
                     sch_ingress",
                )),
                false => err,
            }
        })?;
        Ok(Self {
            interface,
            is_ours,
            hooks: Vec::new(),
        })
    }

    fn add(&mut self, program: &ProgramMut<'_>, direction: u32) -> Result<()> {
        let mut hook = TcHook::new(program.as_fd());
        // the kernel chooses handle and priority: no other filter is replaced
        hook.ifindex(self.interface).attach_point(direction);
        hook.attach().context("the classic tc refuses a filter")?;
        self.hooks.push(hook);
        Ok(())
    }
}

impl Drop for Filters {
    fn drop(&mut self) {
        for hook in &mut self.hooks {
            if let Err(err) = hook.detach() {
                warn!("failed to remove a filter: {err}");
            }
        }
        if let (true, Some(hook)) = (self.is_ours, self.hooks.first_mut()) {
            hook.attach_point(TC_INGRESS | TC_EGRESS);
            if let Err(err) = hook.destroy() {
                warn!("failed to remove the clsact qdisc: {err}");
            }
        }
    }
}

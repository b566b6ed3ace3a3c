//! XDP in the driver, or after it.

use std::io;
use std::os::fd::OwnedFd;

use anyhow::Result;
use bpfapps_diagnose::InterfaceHook::{XdpNative, XdpSkb};
use bpfapps_diagnose::Target;
use bpfapps_host::interfaces;
use libbpf_rs::ProgramMut;
use log::info;
use nix::errno::Errno;

use super::hook::attach;
use crate::session::Session;

/// Where XDP sees the packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum XdpMode {
    /// Native if the driver supports it, else skb
    Auto,
    /// In the driver
    Native,
    /// Behind the driver: slower, but any driver will do
    Skb,
}

impl Session {
    /// Attaches an XDP program to the interface with that index, for as long as the link lives.
    ///
    /// # Errors
    ///
    /// Those of [`Session::attach_to`].
    pub fn attach_xdp(
        &self,
        program: &ProgramMut<'_>,
        interface: i32,
        mode: XdpMode,
    ) -> Result<OwnedFd> {
        let mut hook = match mode {
            XdpMode::Auto | XdpMode::Native => XdpNative,
            XdpMode::Skb => XdpSkb,
        };
        let mut link = attach(hook, program, interface);
        let errno = link.as_ref().err().and_then(io::Error::raw_os_error);
        if mode == XdpMode::Auto && errno == Some(Errno::EOPNOTSUPP as i32) {
            hook = XdpSkb;
            link = attach(hook, program, interface);
        }
        let target = Target::Interface(hook, interface);
        let link = self.attach_to(program.name(), target, || link)?;
        info!(
            "attached to {hook} of {}",
            interfaces::name(interface.cast_unsigned())
        );
        Ok(link)
    }
}

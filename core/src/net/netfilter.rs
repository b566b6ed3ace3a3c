//! The hooks of netfilter.

use std::path::Path;

use anyhow::Result;
use bpfapps_diagnose::Target;
use libbpf_rs::{
    Link, NF_INET_FORWARD, NF_INET_LOCAL_IN, NF_INET_LOCAL_OUT, NF_INET_POST_ROUTING,
    NF_INET_PRE_ROUTING, NFPROTO_IPV4, NFPROTO_IPV6, NetfilterOpts, ProgramMut,
};
use log::info;

use crate::session::Session;

/// Exists if the kernel has IPv6.
const IPV6: &str = "/proc/sys/net/ipv6";

/// Hooks of netfilter, in the order of a packet's way through the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum NetfilterHook {
    /// Incoming packets, before routing
    Prerouting,
    /// Packets for this machine
    Input,
    /// Packets that are only routed
    Forward,
    /// Packets that this machine sends
    Output,
    /// Outgoing packets, after routing
    Postrouting,
}

impl Session {
    /// Attaches to a hook of netfilter for IPv4, and for IPv6 if the kernel has it, for as long as the
    /// links live. Programs of lower `priority` run first.
    ///
    /// # Errors
    ///
    /// Those of [`Session::attach_to`].
    pub fn attach_netfilter(
        &self,
        program: &ProgramMut<'_>,
        hook: NetfilterHook,
        priority: i32,
    ) -> Result<Vec<Link>> {
        let hook = match hook {
            NetfilterHook::Prerouting => NF_INET_PRE_ROUTING,
            NetfilterHook::Input => NF_INET_LOCAL_IN,
            NetfilterHook::Forward => NF_INET_FORWARD,
            NetfilterHook::Output => NF_INET_LOCAL_OUT,
            NetfilterHook::Postrouting => NF_INET_POST_ROUTING,
        };
        let mut links = Vec::new();
        for family in [NFPROTO_IPV4, NFPROTO_IPV6] {
            if family == NFPROTO_IPV6 && !Path::new(IPV6).exists() {
                info!("this kernel has no IPv6");
                continue;
            }
            let options = NetfilterOpts {
                protocol_family: family,
                hooknum: hook,
                priority,
                ..NetfilterOpts::default()
            };
            let target = Target::Netfilter {
                family,
                hook,
                priority,
            };
            let link = self.attach_to(program.name(), target, || {
                program.attach_netfilter_with_opts(options)
            });
            links.push(link?);
        }
        Ok(links)
    }
}

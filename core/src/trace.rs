//! The lines that `bpf_printk` writes for this process, and only those.

use std::mem::MaybeUninit;
use std::process;

use anyhow::{Context, Result};
use libbpf_rs::OpenObject;
use libbpf_rs::skel::Skel as _;
use log::warn;

use crate::output::escape;
use crate::ringbuf::Records;
use crate::{Session, c_bytes, kernel, pidns};

crate::skeleton!("trace");

/// The oldest Linux on which `bpf_printk` is a tracepoint.
const TRACEPOINT_SINCE: (u32, u32) = (5, 9);

/// More lines than this do not fit in the ring buffer.
const MOST: usize = 256;

/// A copy of this process's lines in the kernel's trace: nobody else's, and nobody misses them.
///
/// It is a BPF program on the tracepoint that `bpf_printk` is since Linux 5.9, and is gone with the
/// process.
pub struct TraceLines<'obj> {
    /// `None` on a kernel before [`TRACEPOINT_SINCE`].
    skel: Option<TraceSkel<'obj>>,
}

impl<'obj> TraceLines<'obj> {
    /// Loads and attaches the program that copies the lines.
    ///
    /// # Errors
    ///
    /// The kernel refuses it. A kernel that is too old is no error: then there are no lines.
    pub fn attach(session: &Session, object: &'obj mut MaybeUninit<OpenObject>) -> Result<Self> {
        if kernel::version()? < TRACEPOINT_SINCE {
            warn!("before Linux 5.9 the lines are not shown here: read trace_pipe in tracefs");
            return Ok(Self { skel: None });
        }
        let mut open = session.open(TraceSkelBuilder::default(), object)?;
        let pidns = pidns::own()?;
        let rodata = open
            .maps
            .rodata_data
            .as_mut()
            .context("the BPF object has no rodata")?;
        (rodata.pidns_dev, rodata.pidns_ino) = (pidns.dev, pidns.ino);

        let mut skel = session.load(open)?;
        skel.maps
            .bss_data
            .as_mut()
            .context("the BPF object has no bss")?
            .traced_pid = process::id();
        skel.attach()
            .context("failed to attach to bpf_trace_printk")?;
        Ok(Self { skel: Some(skel) })
    }

    /// Calls `trigger` and copies the lines that this process writes meanwhile, and no others:
    /// showing a line is a write, too, and may cause the next one.
    ///
    /// # Errors
    ///
    /// The ring buffer can't be read.
    pub fn record(&mut self, trigger: impl FnOnce()) -> Result<Vec<String>> {
        let Some(skel) = &mut self.skel else {
            trigger();
            return Ok(Vec::new());
        };
        let bss = skel
            .maps
            .bss_data
            .as_mut()
            .context("the BPF object has no bss")?;
        bss.recording = 1;
        trigger();
        bss.recording = 0;

        let mut lines = Vec::new();
        let records = Records::new(&skel.maps.lines, |line: &trace_line| {
            lines.push(show(line));
            Ok(())
        })?;
        records.consume(MOST)?;
        drop(records);
        Ok(lines)
    }
}

/// A line as `trace_pipe` shows it, but for the flags.
fn show(line: &trace_line) -> String {
    let mut comm = Vec::new();
    escape(c_bytes(&line.comm), &mut comm);
    let mut text = Vec::new();
    escape(c_bytes(&line.text).trim_ascii_end(), &mut text);
    format!(
        "{:>16}-{:<7} [{:03}] {:5}.{:06}: bpf_trace_printk: {}",
        String::from_utf8_lossy(&comm),
        line.pid,
        line.cpu,
        line.time_ns / 1_000_000_000,
        line.time_ns / 1_000 % 1_000_000,
        String::from_utf8_lossy(&text)
    )
}

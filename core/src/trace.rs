//! The lines that `bpf_printk` writes for this process, and only those.

use std::cell::RefCell;
use std::mem::MaybeUninit;
use std::process;
use std::rc::Rc;

use anyhow::{Context, Result};
use bpfapps_host::Release;
use bpfapps_host::namespaces::PidNamespace;
use libbpf_rs::OpenObject;
use log::warn;

use crate::events::{Records as _, RingRecords, c_bytes, set_global};
use crate::output::escape;
use crate::session::{Session, bss, rodata};

crate::skeleton!("trace");

/// The oldest Linux on which `bpf_printk` is a tracepoint.
const TRACEPOINT_SINCE: (u32, u32) = (5, 9);

/// More lines than this do not fit in the ring buffer.
const MOST: usize = 256;

/// Copies this process's lines from the kernel's trace, and no others; other readers still get
/// them.
///
/// It is a BPF program on the tracepoint that `bpf_printk` is since Linux 5.9, and is gone with the
/// process.
pub struct TraceProgram<'obj> {
    /// `None` on a kernel before [`TRACEPOINT_SINCE`].
    skel: Option<TraceSkel<'obj>>,
}

impl<'obj> TraceProgram<'obj> {
    /// Loads and attaches the program that copies the lines.
    ///
    /// # Errors
    ///
    /// The kernel refuses it. A kernel that is too old is no error: then there are no lines.
    pub fn attach(session: &Session, object: &'obj mut MaybeUninit<OpenObject>) -> Result<Self> {
        if !Release::running()?.is_at_least(TRACEPOINT_SINCE) {
            warn!("before Linux 5.9 the lines are not shown here: read trace_pipe in tracefs");
            return Ok(Self { skel: None });
        }
        let mut open = session.open(TraceSkelBuilder::default(), object)?;
        let pidns = PidNamespace::own()?;
        let rodata = rodata(&mut open)?;
        (rodata.pidns_dev, rodata.pidns_ino) = (pidns.dev, pidns.ino);

        let mut skel = session.load(open)?;
        bss(&mut skel)?.traced_pid = process::id();
        session.attach(&mut skel)?;
        Ok(Self { skel: Some(skel) })
    }

    /// The copied lines, ready to be read.
    ///
    /// # Errors
    ///
    /// The ring buffer can't be mapped.
    pub fn lines(&mut self) -> Result<TraceLines<'_>> {
        let Some(skel) = &mut self.skel else {
            return Ok(TraceLines { source: None });
        };
        let recording = skel
            .maps
            .bss_data
            .as_mut()
            .context("the BPF object has no bss")?;
        let shown = Rc::new(RefCell::new(Vec::new()));
        let collected = Rc::clone(&shown);
        let handle: Handler = Box::new(move |line, _| {
            collected.borrow_mut().push(show(line));
            Ok(())
        });
        let records = RingRecords::new(&skel.maps.lines, handle)?;
        Ok(TraceLines {
            source: Some(Source {
                recording: &mut recording.recording,
                records,
                shown,
            }),
        })
    }
}

type Handler = Box<dyn FnMut(&trace_line, &[u8]) -> Result<()>>;

/// The lines of this process, as they are copied.
pub struct TraceLines<'skel> {
    /// `None` on a kernel before [`TRACEPOINT_SINCE`].
    source: Option<Source<'skel>>,
}

struct Source<'skel> {
    /// Tells the program to copy. It lives in kernel memory.
    recording: &'skel mut u32,
    records: RingRecords<'skel, Handler>,
    shown: Rc<RefCell<Vec<String>>>,
}

impl TraceLines<'_> {
    /// Calls `trigger` and copies the lines that this process writes meanwhile, and no others:
    /// showing a line is a write, too, and may cause the next one.
    ///
    /// # Errors
    ///
    /// The ring buffer can't be read.
    pub fn record(&mut self, trigger: impl FnOnce()) -> Result<Vec<String>> {
        let Some(source) = &mut self.source else {
            trigger();
            return Ok(Vec::new());
        };
        set_global(source.recording, 1);
        trigger();
        set_global(source.recording, 0);
        source.records.consume(MOST)?;
        Ok(source.shown.take())
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

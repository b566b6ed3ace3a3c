//! Reports events after the programs are attached.

use std::mem::size_of;
use std::os::fd::AsFd as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use libbpf_rs::skel::Skel;
use libbpf_rs::{Map, MapCore, MapType};
use log::warn;
use nix::unistd::geteuid;

use super::Session;
use super::exit::{EventsLost, exit_code};
use super::privileges;
use crate::events::{
    Awake, Count, EXPORT, Event, Lost, OUTPUT, Other, PerfRecords, Reader, Record, RingRecords,
    Source, Stream, perf_ring_bytes, share,
};
use crate::metrics::Metrics;
use crate::output::{Document, List, Row, Rows};
use crate::run::Workload;
use crate::telemetry::Telemetry;

/// Bytes that the kernel adds before each record of a ring buffer (BPF_RINGBUF_HDR_SZ).
const RECORD_HEADER: usize = 8;

impl Session {
    /// Starts the output of events on stdout. Call it after the programs are attached: its title
    /// line, or the first document, which [`Session::poll`] writes, shows that from now on no event
    /// is missed.
    ///
    /// # Errors
    ///
    /// stdout does not take the line.
    pub fn rows<R: Row>(&self, stream: &Stream) -> Result<Rows<'_>> {
        self.start_rows::<R>(stream, None)
    }

    pub(super) fn start_rows<R: Row>(
        &self,
        stream: &Stream,
        list: Option<List>,
    ) -> Result<Rows<'_>> {
        // what is to be renamed later is opened with the rights of then
        let file = match stream.file.rotates() {
            true => privileges::act_as_left(|user| stream.file.open(user))?,
            false => stream.file.open(geteuid().as_raw()),
        }?;
        let metrics = self.metrics.as_ref();
        let counts = metrics.map(|metrics| metrics.observer(R::DOCUMENTS));
        // counts of keys are sent as metrics
        let are_events = !R::DOCUMENTS.iter().any(Document::is_counts);
        let telemetry = self.telemetry.as_ref().filter(|_| are_events);
        let copies = telemetry.map(Telemetry::observer);
        let observers = counts.into_iter().chain(copies).collect();
        Rows::start::<R>(
            &self.output,
            stream.output,
            stream.color,
            file,
            observers,
            list,
        )
    }

    /// True if documents are made of events, which may have more fields than the table: they are the
    /// output, metrics are made of their fields, or they are sent.
    pub fn makes_documents(&self, stream: &Stream) -> bool {
        let metrics = self.metrics.as_ref();
        let are_counted = metrics.is_some_and(Metrics::reads_documents);
        stream.is_documents() || are_counted || self.telemetry.is_some()
    }

    /// Runs the command of `workload`, if there is one. Call it between [`Session::rows`] and
    /// [`Session::poll`], so that it is traced from its start. It keeps the privileges that this
    /// program gives up, except those of sudo: started through sudo, it runs as the user who called
    /// sudo. If stdout has documents, the command's stdout goes to stderr.
    ///
    /// # Errors
    ///
    /// The command can't be run.
    pub fn run(&self, workload: &Workload) -> Result<()> {
        if workload.is_given() {
            // The title line, or the first document: nothing that the command does is missed.
            self.output.flush()?;
            // among documents on stdout it could forge some
            let to_stderr = self.output.has_documents.get();
            self.run.start_command(workload, to_stderr)?;
        }
        Ok(())
    }

    /// Reports each record `R` of the ring buffer, as the header that declares it says, until a
    /// signal asks the program to end, a limit of `stream` is reached, the command that it runs ends,
    /// or the reader of its output is gone.
    ///
    /// # Errors
    ///
    /// Those of [`Session::rows`] and [`Session::poll`].
    pub fn report<'obj, R: Event>(&self, stream: &Stream, skel: &impl Skel<'obj>) -> Result<()> {
        let mut rows = self.rows::<R::Row<'_>>(stream)?;
        self.poll_with_tail(stream, skel, |record: &R, tail| {
            rows.write(&record.row(tail)?)
        })
    }

    /// Passes each record of the ring buffer to `handle` until the run ends, as [`Session::report`]
    /// does. Records in the ring at that time are still handled.
    ///
    /// Gives up all privileges before the first record: see [`Session::give_up_privileges`]. Writes
    /// rows after each batch. Losses counted in map `reader` of `bpfapps/ringbuf.h` are reported in
    /// JSON and YAML when they are noticed, and on stderr at the end of any kind.
    ///
    /// # Errors
    ///
    /// The first error of `handle`, of reading records or of writing rows; for a strict stream also
    /// lost events.
    pub fn poll<'obj, R: Record>(
        &self,
        stream: &Stream,
        skel: &impl Skel<'obj>,
        mut handle: impl FnMut(&R) -> Result<()>,
    ) -> Result<()> {
        self.poll_with_tail(stream, skel, |record, _| handle(record))
    }

    /// Like [`Session::poll`], for records with more bytes after them: `handle` receives these too.
    ///
    /// # Errors
    ///
    /// As [`Session::poll`].
    pub fn poll_with_tail<'obj, R: Record>(
        &self,
        stream: &Stream,
        skel: &impl Skel<'obj>,
        handle: impl FnMut(&R, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let rings = skel.object().maps();
        let mut rings = rings.filter(|map| map.map_type() == MapType::RingBuf);
        let (Some(ring), None) = (rings.next(), rings.next()) else {
            bail!("the BPF object has not one ring buffer: which is to be read?");
        };
        if let Some(metrics) = &self.metrics {
            metrics.watch_ring(&ring)?;
        }
        let records = RingRecords::new(&ring, handle)?;
        let capacity = ring.max_entries() as usize / (size_of::<R>() + RECORD_HEADER);
        let source = Source {
            records: &records,
            ready: ring.as_fd(),
            capacity,
        };
        self.read(stream, source, &reader(skel)?)
    }

    /// Maps the rings of a map of type BPF_MAP_TYPE_PERF_EVENT_ARRAY, one for each online CPU. Call
    /// it before [`Session::attach`]: events on a CPU without a ring are lost.
    ///
    /// Each ring has the size that `stream` gives for the ring buffer. `time` returns the time of a
    /// record, by which records that are read together are sorted.
    ///
    /// # Errors
    ///
    /// The kernel refuses.
    pub fn perf_buffer<R: Record>(
        &self,
        stream: &Stream,
        map: &impl MapCore,
        time: fn(&R) -> u64,
    ) -> Result<PerfRecords<R>> {
        PerfRecords::new(map, perf_ring_bytes(stream)?, time)
    }

    /// Like [`Session::poll`], for a perf buffer and `bpfapps/perfbuf.h`.
    ///
    /// # Errors
    ///
    /// As [`Session::poll`].
    pub fn poll_perf_buffer<'obj, R: Record>(
        &self,
        stream: &Stream,
        records: &PerfRecords<R>,
        skel: &impl Skel<'obj>,
        handle: impl FnMut(&R) -> Result<()>,
    ) -> Result<()> {
        let handled = records.handled_by(handle);
        let source = Source {
            records: &handled,
            ready: records.ready(),
            capacity: records.capacity(),
        };
        self.read(stream, source, &reader(skel)?)
    }

    /// Waits for `timeout`, or until the program is to end: true means the end.
    ///
    /// # Errors
    ///
    /// The reader of the program's output is gone.
    pub fn sleep(&self, timeout: Duration) -> Result<bool> {
        self.output.wait_until(&self.run, timeout)
    }

    /// Writes one line to stdout, at once.
    ///
    /// # Errors
    ///
    /// stdout does not take it.
    pub fn say(&self, line: &str) -> Result<()> {
        self.output.say(line)
    }

    /// The exit code of a successful run: 0, or the command's. Waits for a command that still runs.
    pub(crate) fn exit_code(&self) -> Result<u8> {
        // a snapshot has reported no losses yet
        if let Some(telemetry) = self.telemetry.as_ref().filter(|it| !it.is_finished()) {
            telemetry.finish();
            if let Some(lost) = Other::unsent(telemetry.lost()).describe() {
                warn!("{lost}");
            }
        }
        self.run.exit_code()
    }

    /// What is lost, and the memory that tells whether the reader is awake; metrics have the losses, too.
    pub(super) fn losses(&self, shared: &dyn MapCore) -> Result<(Awake, Lost)> {
        let (awake, counters) = share(shared)?;
        if let Some(metrics) = &self.metrics {
            let unwritten = self.output.shared_unwritten();
            let unwritten = Count::of(move || unwritten.load(Ordering::Relaxed));
            let unsent = self.telemetry.as_ref().map(|it| (EXPORT.name, it.lost()));
            let others = [(OUTPUT.name, unwritten)].into_iter().chain(unsent);
            metrics.watch_losses(counters.clone(), others.collect())?;
        }
        let skipped = Other::skipped(self.programs.take());
        let unsent = self.telemetry.as_ref().map(|it| Other::unsent(it.lost()));
        let others = [skipped].into_iter().chain(unsent).collect();
        Ok((awake, Lost::new(counters, others)?))
    }

    fn read(&self, stream: &Stream, source: Source<'_>, shared: &dyn MapCore) -> Result<()> {
        let (awake, lost) = self.losses(shared)?;
        let mut reader = Reader::new(
            &self.run,
            &self.output,
            stream,
            source,
            awake,
            lost,
            self.telemetry.as_ref(),
        );
        self.shed()?;
        // The title line, or the first document: from now on nothing is missed.
        self.output.flush()?;
        self.run.service.ready();
        let end = reader.read();
        let Some(lost) = end.lost else {
            return end.result;
        };
        let failed = end.result.as_ref().is_err_and(|err| exit_code(err) != 0);
        if stream.strict && !failed {
            return Err(EventsLost(lost).into());
        }
        warn!("{lost}");
        end.result
    }
}

/// The memory that the BPF side shares with the reader of its events.
pub(super) fn reader<'skel, 'obj: 'skel>(skel: &'skel impl Skel<'obj>) -> Result<Map<'skel>> {
    let mut maps = skel.object().maps();
    let reader = maps.find(|map| map.name() == "reader");
    reader
        .context("the BPF object has no map `reader`: include bpfapps/ringbuf.h or bpfapps/count.h")
}

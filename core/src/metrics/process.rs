//! The metrics that every process has, by the names that Prometheus's clients give them.

use std::fmt;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;

use anyhow::{Context, Result};
use bpfapps_host::settings::page_size;
use nix::sys::resource::{Resource, getrlimit};
use nix::unistd::{SysconfVar, sysconf};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

/// This process.
#[derive(Debug)]
pub(super) struct Process {
    stat: File,
    page: u64,
    /// Ticks of the clock in a second.
    ticks: f64,
    /// Seconds since 1970 when the machine started.
    boot: f64,
}

/// Fields of /proc/PID/stat behind the name, which may have spaces in it.
const USER_TICKS: usize = 11;
const SYSTEM_TICKS: usize = 12;
const START_TICKS: usize = 19;
const VIRTUAL_BYTES: usize = 20;
const RESIDENT_PAGES: usize = 21;

impl Process {
    pub(super) fn own() -> Result<Self> {
        let boot = fs::read_to_string("/proc/stat").context("failed to read /proc/stat")?;
        let boot = boot.lines().find_map(|line| line.strip_prefix("btime "));
        Ok(Self {
            stat: File::open("/proc/self/stat").context("failed to open /proc/self/stat")?,
            page: page_size()?,
            ticks: sysconf(SysconfVar::CLK_TCK)?.unwrap_or(100) as f64,
            boot: boot.and_then(|time| time.parse().ok()).unwrap_or(0.0),
        })
    }

    /// The fields behind the name; one that can't be read is 0.
    fn stat(&self) -> Vec<u64> {
        let mut text = [0; 1024];
        let length = self.stat.read_at(&mut text, 0).unwrap_or(0);
        let text = String::from_utf8_lossy(&text[..length]);
        let fields = text.rsplit_once(") ").map_or("", |(_, fields)| fields);
        fields
            .split(' ')
            .map(|field| field.parse().unwrap_or(0))
            .collect()
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let stat = self.stat();
        let field = |index: usize| stat.get(index).copied().unwrap_or(0);
        let seconds = |ticks: u64| ticks as f64 / self.ticks;
        let cpu = seconds(field(USER_TICKS) + field(SYSTEM_TICKS));
        let about = "CPU time of the process, of its user and of the kernel.";
        encoder
            .encode_descriptor(
                "process_cpu",
                about,
                Some(&Unit::Seconds),
                MetricType::Counter,
            )?
            .encode_counter::<NoLabelSet, _, u64>(&cpu, None)?;

        let mut gauge = |name: &str, about: &str, unit: Option<&Unit>, value: f64| {
            encoder
                .encode_descriptor(name, about, unit, MetricType::Gauge)?
                .encode_gauge(&value)
        };
        let start = self.boot + seconds(field(START_TICKS));
        let about = "When the process started, in seconds since 1970.";
        gauge("process_start_time", about, Some(&Unit::Seconds), start)?;
        let resident = (field(RESIDENT_PAGES) * self.page) as f64;
        let about = "Memory of the process that is resident.";
        gauge(
            "process_resident_memory",
            about,
            Some(&Unit::Bytes),
            resident,
        )?;
        let about = "Address space of the process.";
        let size = field(VIRTUAL_BYTES) as f64;
        gauge("process_virtual_memory", about, Some(&Unit::Bytes), size)?;
        if let Some(open) = open_files() {
            gauge("process_open_fds", "Open file descriptors.", None, open)?;
        }
        if let Ok((most, _)) = getrlimit(Resource::RLIMIT_NOFILE) {
            let about = "Most file descriptors that may be open.";
            gauge("process_max_fds", about, None, most as f64)?;
        }
        Ok(())
    }
}

/// The number of open files.
fn open_files() -> Option<f64> {
    let folder = "/proc/self/fd";
    // since Linux 6.2 the kernel says how many there are
    if let Ok(length @ 1..) = fs::metadata(folder).map(|folder| folder.len()) {
        return Some(length as f64);
    }
    // one of them is the folder itself
    let files = fs::read_dir(folder).ok()?.count();
    Some(files.saturating_sub(1) as f64)
}

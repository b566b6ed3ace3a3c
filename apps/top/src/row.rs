use bpfapps_core::output::values::{Bytes, Percent};
use bpfapps_core::output::{Columns, Fields, Line, boot_time};
use bpfapps_core::{Document, Field, Row};

use crate::holders::Processes;

const MEMORY: Field = Field::number("memory_bytes", "The memory that the kernel has for it.");
const PIDS: Field = Field::numbers("pids", "The processes that hold it by a file descriptor.");
const COMMS: Field = Field::texts("comms", "The names of their commands, in the same order.");

/// A BPF program, and what it did within an interval.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) id: u32,
    pub(crate) kind: String,
    pub(crate) name: Vec<u8>,
    pub(crate) runs: u64,
    pub(crate) run_time_ns: u64,
    pub(crate) interval_ns: u64,
    pub(crate) memory: Option<u64>,
    pub(crate) holders: Processes,
}

impl Program {
    fn runs_per_second(&self) -> u64 {
        scaled(self.runs, 1_000_000_000, self.interval_ns)
    }

    fn ns_per_run(&self) -> Option<u64> {
        self.run_time_ns.checked_div(self.runs)
    }

    fn cpu(&self) -> Percent {
        let hundredths = scaled(self.run_time_ns, 10_000, self.interval_ns);
        Percent(hundredths.try_into().unwrap_or(u32::MAX))
    }
}

/// `count` in units of `unit` for each `interval`, to the nearest number.
fn scaled(count: u64, unit: u64, interval: u64) -> u64 {
    let interval = u128::from(interval.max(1));
    let scaled = (u128::from(count) * u128::from(unit) + interval / 2) / interval;
    scaled.try_into().unwrap_or(u64::MAX)
}

impl Row for Program {
    const COLUMNS: Columns = &[
        ("ID", 6),
        ("TYPE", 16),
        ("NAME", 16),
        ("RUNS/S", 9),
        ("NS/RUN", 8),
        ("CPU", 7),
        ("MEMORY", 7),
        ("HOLDERS", 0),
    ];
    const DOCUMENTS: &'static [Document] = &[Document {
        kind: "program",
        about: "A BPF program that is loaded.",
        fields: &[
            Field::number("id", "Its id."),
            Field::text("program_type", "Its type, as bpftool names it."),
            Field::text("name", "Its name, of 15 characters at most."),
            Field::number("runs", "Its runs in the interval."),
            Field::number("run_time_ns", "Their time, on all CPUs."),
            Field::number("interval_ns", "The length of the interval."),
            Field::number("runs_per_second", "Its runs a second."),
            Field::number("ns_per_run", "The time of a run; not without one.").optional(),
            Field::decimal("cpu_percent", "Its share of one CPU's time."),
            MEMORY.optional(),
            PIDS,
            COMMS,
        ],
    }];

    fn write(&self, line: &mut Line<'_>) {
        line.number(self.id.into());
        line.text(self.kind.as_bytes());
        line.text(&self.name);
        line.number(self.runs_per_second());
        match self.ns_per_run() {
            Some(ns) => line.number(ns),
            None => line.none(),
        }
        line.value(&self.cpu());
        memory(self.memory, line);
        line.parts(|out| self.holders.show(out));
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        fields.kind("program", boot_time().unwrap_or(0));
        fields.number("id", self.id.into());
        fields.text("program_type", self.kind.as_bytes());
        fields.text("name", &self.name);
        fields.number("runs", self.runs);
        fields.number("run_time_ns", self.run_time_ns);
        fields.number("interval_ns", self.interval_ns);
        fields.number("runs_per_second", self.runs_per_second());
        if let Some(ns) = self.ns_per_run() {
            fields.number("ns_per_run", ns);
        }
        fields.value("cpu_percent", &self.cpu());
        if let Some(memory) = self.memory {
            fields.number("memory_bytes", memory);
        }
        self.holders.fields(fields);
    }
}

/// A BPF map.
#[derive(Debug)]
pub(crate) struct Map {
    pub(crate) id: u32,
    pub(crate) kind: String,
    pub(crate) name: Vec<u8>,
    pub(crate) max_entries: u32,
    pub(crate) memory: Option<u64>,
    pub(crate) holders: Processes,
}

impl Row for Map {
    const COLUMNS: Columns = &[
        ("ID", 6),
        ("TYPE", 16),
        ("NAME", 16),
        ("MAX_ENTRIES", 11),
        ("MEMORY", 7),
        ("HOLDERS", 0),
    ];
    const DOCUMENTS: &'static [Document] = &[Document {
        kind: "map",
        about: "A BPF map, with --maps.",
        fields: &[
            Field::number("id", "Its id."),
            Field::text("map_type", "Its type, as bpftool names it."),
            Field::text("name", "Its name, of 15 characters at most."),
            Field::number("max_entries", "The number of entries that it has room for."),
            MEMORY.optional(),
            PIDS,
            COMMS,
        ],
    }];

    fn write(&self, line: &mut Line<'_>) {
        line.number(self.id.into());
        line.text(self.kind.as_bytes());
        line.text(&self.name);
        line.number(self.max_entries.into());
        memory(self.memory, line);
        line.parts(|out| self.holders.show(out));
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        fields.kind("map", boot_time().unwrap_or(0));
        fields.number("id", self.id.into());
        fields.text("map_type", self.kind.as_bytes());
        fields.text("name", &self.name);
        fields.number("max_entries", self.max_entries.into());
        if let Some(memory) = self.memory {
            fields.number("memory_bytes", memory);
        }
        self.holders.fields(fields);
    }
}

fn memory(bytes: Option<u64>, line: &mut Line<'_>) {
    match bytes {
        Some(bytes) => line.value(&Bytes(bytes)),
        None => line.none(),
    }
}

//! The file that pprof reads: github.com/google/pprof/blob/main/proto/profile.proto, with gzip.

use std::collections::HashMap;
use std::io::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bpfapps_core::{Context as _, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message;

use super::Report;
use crate::places::Frame;

#[derive(Clone, PartialEq, Message)]
struct Profile {
    #[prost(message, repeated, tag = "1")]
    sample_type: Vec<ValueType>,
    #[prost(message, repeated, tag = "2")]
    sample: Vec<Sample>,
    #[prost(message, repeated, tag = "3")]
    mapping: Vec<Mapping>,
    #[prost(message, repeated, tag = "4")]
    location: Vec<Location>,
    #[prost(message, repeated, tag = "5")]
    function: Vec<Function>,
    #[prost(string, repeated, tag = "6")]
    string_table: Vec<String>,
    #[prost(int64, tag = "9")]
    time_nanos: i64,
    #[prost(int64, tag = "10")]
    duration_nanos: i64,
    #[prost(message, optional, tag = "11")]
    period_type: Option<ValueType>,
    #[prost(int64, tag = "12")]
    period: i64,
}

#[derive(Clone, PartialEq, Message)]
struct ValueType {
    #[prost(int64, tag = "1")]
    r#type: i64,
    #[prost(int64, tag = "2")]
    unit: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Sample {
    #[prost(uint64, repeated, tag = "1")]
    location_id: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    value: Vec<i64>,
    #[prost(message, repeated, tag = "3")]
    label: Vec<Label>,
}

#[derive(Clone, PartialEq, Message)]
struct Label {
    #[prost(int64, tag = "1")]
    key: i64,
    #[prost(int64, tag = "2")]
    str: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Mapping {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(int64, tag = "5")]
    filename: i64,
    #[prost(int64, tag = "6")]
    build_id: i64,
    #[prost(bool, tag = "7")]
    has_functions: bool,
}

#[derive(Clone, PartialEq, Message)]
struct Location {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(uint64, tag = "2")]
    mapping_id: u64,
    #[prost(uint64, tag = "3")]
    address: u64,
    #[prost(message, repeated, tag = "4")]
    line: Vec<Line>,
}

#[derive(Clone, PartialEq, Message)]
struct Line {
    #[prost(uint64, tag = "1")]
    function_id: u64,
    #[prost(int64, tag = "2")]
    line: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Function {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(int64, tag = "2")]
    name: i64,
    #[prost(int64, tag = "3")]
    system_name: i64,
    #[prost(int64, tag = "4")]
    filename: i64,
}

/// Strings by number; the first one is empty.
#[derive(Debug, Default)]
struct Strings {
    all: Vec<String>,
    known: HashMap<String, i64>,
}

impl Strings {
    fn number(&mut self, text: &str) -> i64 {
        *self.known.entry(text.to_owned()).or_insert_with(|| {
            self.all.push(text.to_owned());
            self.all.len() as i64 - 1
        })
    }
}

/// The number of an element: 0 is none.
fn id(index: usize) -> u64 {
    index as u64 + 1
}

pub(super) fn file(report: &Report) -> Result<Vec<u8>> {
    let mut zip = GzEncoder::new(Vec::new(), Compression::default());
    zip.write_all(&profile(report).encode_to_vec())
        .and_then(|()| zip.finish())
        .context("failed to compress the profile")
}

fn profile(report: &Report) -> Profile {
    let named = &report.named;
    let mut strings = Strings::default();
    strings.number("");
    let mut value = |name, unit| ValueType {
        r#type: strings.number(name),
        unit: strings.number(unit),
    };
    let (samples, cpu) = (value("samples", "count"), value("cpu", "nanoseconds"));
    let period = 1_000_000_000 / report.hz as i64;
    let comm = strings.number("comm");
    let sample = named.stacks.iter().map(|stack| Sample {
        // the innermost place first
        location_id: stack.places.iter().rev().map(|place| id(*place)).collect(),
        value: vec![stack.count as i64, stack.count as i64 * period],
        label: vec![Label {
            key: comm,
            str: strings.number(&stack.comm),
        }],
    });
    let sample = sample.collect();
    let kernel = named.files.len();
    let files = named
        .files
        .iter()
        .map(|file| (&*file.path, &*file.build_id));
    let files = files.chain([("[kernel.kallsyms]", "")]).enumerate();
    let mapping = files.map(|(index, (path, build_id))| Mapping {
        id: id(index),
        filename: strings.number(path),
        build_id: strings.number(build_id),
        has_functions: true,
    });
    let mapping = mapping.collect();
    let location = named.places.iter().enumerate().map(|(index, place)| {
        let (mapping_id, address) = match place.frame {
            // who reads the file need not know where the kernel is
            Frame::Kernel(_) => (id(kernel), 0),
            Frame::File(file, offset) => (id(file), offset),
            Frame::Unknown => (0, 0),
        };
        let line = place.lines.iter().rev().map(|&(function, line)| Line {
            function_id: id(function),
            line: line.into(),
        });
        Location {
            id: id(index),
            mapping_id,
            address,
            line: line.collect(),
        }
    });
    let location = location.collect();
    let function = named.functions.iter().enumerate();
    let function = function.map(|(index, function)| Function {
        id: id(index),
        name: strings.number(&function.name),
        system_name: strings.number(&function.name),
        filename: strings.number(&function.source),
    });
    let function = function.collect();
    let ended = SystemTime::now().duration_since(UNIX_EPOCH);
    let duration = Duration::from_secs_f64(report.seconds);
    let begun = ended.unwrap_or_default().saturating_sub(duration);
    Profile {
        sample_type: vec![samples, cpu.clone()],
        sample,
        mapping,
        location,
        function,
        time_nanos: begun.as_nanos() as i64,
        duration_nanos: duration.as_nanos() as i64,
        period_type: Some(cpu),
        period,
        string_table: strings.all,
    }
}

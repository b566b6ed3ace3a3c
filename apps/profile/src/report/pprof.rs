//! The file that pprof reads.

use std::collections::HashMap;
use std::io::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bpfapps_core::{Context as _, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message as _;

use super::Report;
use super::proto::{Function, Label, Line, Location, Mapping, Profile, Sample, ValueType};
use crate::places::Frame;

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

//! How an event reads in the table, and in JSON and YAML.

use bpfapps_core::output::{Columns, Fields, Line, Row, push_signed};
use bpfapps_core::{Document, Field, c_bytes};

use crate::event;

pub(crate) const DOCUMENTS: &[Document] = &[Document {
    kind: "hit",
    about: "Somebody has hit the probe.",
    fields: &[
        Field::number("pid", "The process."),
        Field::number("tid", "Its thread."),
        Field::text("comm", "The thread's name, at most 15 bytes."),
        Field::number("cpu", "The CPU it happened on."),
        Field::any("arg", "An argument of the probe, by its place: 0 is the first, 5 the last."),
    ],
}];

impl event {
    fn args(&self) -> &[i64] {
        let count = usize::try_from(self.arg_count).unwrap_or(usize::MAX);
        &self.args[..count.min(self.args.len())]
    }
}

impl Row for event {
    const COLUMNS: Columns = &[
        ("TIME", 8),
        ("COMM", 16),
        ("PID", 7),
        ("TID", 7),
        ("CPU", 3),
        ("ARGUMENTS", 0),
    ];

    fn write(&self, line: &mut Line<'_>) {
        line.time(self.time_ns);
        line.text(c_bytes(&self.comm));
        line.number(self.pid.into());
        line.number(self.tid.into());
        line.number(self.cpu.into());
        line.parts(|out| {
            for (i, arg) in self.args().iter().enumerate() {
                if i > 0 {
                    out.push(b' ');
                }
                push_signed(*arg, out);
            }
        });
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        fields.kind("hit", self.time_ns);
        fields.number("pid", self.pid.into());
        fields.number("tid", self.tid.into());
        fields.text("comm", c_bytes(&self.comm));
        fields.number("cpu", self.cpu.into());
        for (i, arg) in self.args().iter().enumerate() {
            fields.signed(&format!("arg{i}"), *arg);
        }
    }
}

#[cfg(test)]
mod tests {
    use bpfapps_core::output::{Format, sample};

    use super::*;

    #[test]
    fn event_is_a_row_and_a_document() {
        let mut event = event {
            time_ns: 3_000_000_000,
            args: [7, -1, 0, 0, 0, 0],
            pid: 42,
            tid: 43,
            cpu: 1,
            arg_count: 2,
            ..event::default()
        };
        event.comm[..2].copy_from_slice(b"sh");
        assert_eq!(
            sample(&event, Format::Table),
            "00:00:03 sh               42      43      1   7 -1\n"
        );
        assert_eq!(
            sample(&event, Format::Json),
            "{\"version\":1,\"type\":\"hit\",\"time\":\"1970-01-01T00:00:03.000000000Z\",\
             \"pid\":42,\"tid\":43,\"comm\":\"sh\",\"cpu\":1,\"arg0\":7,\"arg1\":-1}\n"
        );
    }
}

//! How an event reads in the table, and in JSON and YAML.

use bpfapps_core::output::{Columns, Fields, Line, Row, escape, push_decimal, push_ms};
use bpfapps_core::{Document, Field, c_bytes};

use crate::event;

pub(crate) const DOCUMENTS: &[Document] = &[Document {
    kind: "wait",
    about: "A thread that was ready to run has got a CPU.",
    fields: &[
        Field::number("pid", "The process."),
        Field::number("tid", "Its thread."),
        Field::text("comm", "The thread's name, at most 15 bytes."),
        Field::number("cpu", "The CPU that it has got."),
        Field::number("wait_ns", "How long it waited, in nanoseconds."),
        Field::number("prev_pid", "The process that had the CPU; 0 where it was idle."),
        Field::number("prev_tid", "Its thread."),
        Field::text("prev_comm", "The name of that thread."),
    ],
}];

impl Row for event {
    const COLUMNS: Columns = &[
        ("TIME", 8),
        ("COMM", 16),
        ("PID", 7),
        ("TID", 7),
        ("CPU", 3),
        ("WAITED_MS", 10),
        ("BEHIND", 0),
    ];

    fn write(&self, line: &mut Line<'_>) {
        line.time(self.time_ns);
        line.text(c_bytes(&self.comm));
        line.number(self.pid.into());
        line.number(self.tid.into());
        line.number(self.cpu.into());
        line.parts(|out| push_ms(self.wait_ns, out));
        line.parts(|out| {
            escape(c_bytes(&self.prev_comm), out);
            out.push(b'/');
            push_decimal(self.prev_tid.into(), out);
        });
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        fields.kind("wait", self.time_ns);
        fields.number("pid", self.pid.into());
        fields.number("tid", self.tid.into());
        fields.text("comm", c_bytes(&self.comm));
        fields.number("cpu", self.cpu.into());
        fields.number("wait_ns", self.wait_ns);
        fields.number("prev_pid", self.prev_pid.into());
        fields.number("prev_tid", self.prev_tid.into());
        fields.text("prev_comm", c_bytes(&self.prev_comm));
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
            wait_ns: 12_345_678,
            pid: 42,
            tid: 43,
            prev_pid: 7,
            prev_tid: 8,
            cpu: 1,
            ..event::default()
        };
        event.comm[..2].copy_from_slice(b"sh");
        event.prev_comm[..3].copy_from_slice(b"cc\n");
        assert_eq!(
            sample(&event, Format::Table),
            "00:00:03 sh               42      43      1   12.345     cc\\n/8\n"
        );
        assert_eq!(
            sample(&event, Format::Json),
            "{\"version\":1,\"type\":\"wait\",\"time\":\"1970-01-01T00:00:03.000000000Z\",\
             \"pid\":42,\"tid\":43,\"comm\":\"sh\",\"cpu\":1,\"wait_ns\":12345678,\
             \"prev_pid\":7,\"prev_tid\":8,\"prev_comm\":\"cc\\n\"}\n"
        );
    }
}

//! The row of an event, in the table, JSON and YAML.

use bpfapps_core::output::{Columns, Fields, Line, Row};
use bpfapps_core::host::hooks::Layout;
use bpfapps_core::{Document, Field, c_bytes, tracepoint};

use crate::event;

/// An event, and what its record means.
pub(crate) struct Hit<'a> {
    pub(crate) event: event,
    pub(crate) layout: &'a Layout,
}

impl Row for Hit<'_> {
    const COLUMNS: Columns = &[
        ("TIME", 8),
        ("COMM", 16),
        ("PID", 7),
        ("TID", 7),
        ("UID", 5),
        ("CPU", 3),
        ("FIELDS", 0),
    ];

    const DOCUMENTS: &'static [Document] = &[Document {
        kind: "hit",
        about: "The tracepoint was hit.",
        fields: &[
            Field::number("pid", "The process."),
            Field::number("tid", "Its thread."),
            Field::number("uid", "The user that it runs as."),
            Field::text("comm", "The thread's name, at most 15 bytes."),
            Field::number("cpu", "The CPU it happened on."),
            Field::any("field_", "What the tracepoint has recorded, by the kernel's names."),
        ],
    }];

    fn write(&self, line: &mut Line<'_>) {
        let event = &self.event;
        line.time(event.time_ns);
        line.text(c_bytes(&event.comm));
        line.number(event.pid.into());
        line.number(event.tid.into());
        line.number(event.uid.into());
        line.number(event.cpu.into());
        line.parts(|out| tracepoint::write(self.layout, &event.record, out));
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        let event = &self.event;
        fields.kind("hit", event.time_ns);
        fields.number("pid", event.pid.into());
        fields.number("tid", event.tid.into());
        fields.number("uid", event.uid.into());
        fields.text("comm", c_bytes(&event.comm));
        fields.number("cpu", event.cpu.into());
        tracepoint::document(self.layout, &event.record, "field_", fields);
    }
}

#[cfg(test)]
mod tests {
    use bpfapps_core::output::{Format, sample};

    use super::*;

    const FORMAT: &str = "\tfield:int sig;\toffset:8;\tsize:4;\tsigned:1;\n";

    #[test]
    fn event_is_a_row_and_a_document() {
        let layout: Layout = FORMAT.parse().expect("a layout");
        let mut event = event {
            time_ns: 3_000_000_000,
            pid: 42,
            tid: 43,
            uid: 1000,
            cpu: 1,
            ..event::default()
        };
        event.comm[..2].copy_from_slice(&b"sh".map(u8::cast_signed));
        event.record[8] = 15;
        let layout = &layout;
        let hit = Hit { event, layout };
        assert_eq!(
            sample(&hit, Format::Table),
            "00:00:03 sh               42      43      1000  1   sig=15\n"
        );
        assert_eq!(
            sample(&hit, Format::Json),
            "{\"version\":1,\"type\":\"hit\",\"time\":\"1970-01-01T00:00:03.000000000Z\",\
             \"pid\":42,\"tid\":43,\"uid\":1000,\"comm\":\"sh\",\"cpu\":1,\"field_sig\":15}\n"
        );
    }
}

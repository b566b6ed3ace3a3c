//! How an event reads in the table, and in JSON and YAML.

use bpfapps_core::output::{Columns, Fields, Line, Row, push_ms};
use bpfapps_core::{Document, Field, c_bytes, errno_name};

use crate::event;

pub(crate) const DOCUMENTS: &[Document] = &[
    Document {
        kind: "removed",
        about: "A file has been removed.",
        fields: FIELDS,
    },
    Document {
        kind: "failed",
        about: "A file was to be removed, and was not.",
        fields: FIELDS,
    },
];

const FIELDS: &[Field] = &[
    Field::number("pid", "The process."),
    Field::number("tid", "Its thread."),
    Field::number("uid", "The user that it runs as."),
    Field::text("comm", "The thread's name, at most 15 bytes."),
    Field::text("filename", "As the program gave it: at most 255 bytes."),
    Field::number("duration_ns", "How long it took, in nanoseconds."),
    Field::text("error", "Why it failed, such as ENOENT.").optional(),
];

impl event {
    /// The error, if it is one.
    fn errno(&self) -> Option<u32> {
        (self.result < 0).then_some(self.result.unsigned_abs())
    }
}

impl Row for event {
    const COLUMNS: Columns = &[
        ("TIME", 8),
        ("COMM", 16),
        ("PID", 7),
        ("UID", 5),
        ("MS", 8),
        ("RESULT", 9),
        ("FILENAME", 0),
    ];

    fn write(&self, line: &mut Line<'_>) {
        line.time(self.time_ns);
        line.text(c_bytes(&self.comm));
        line.number(self.pid.into());
        line.number(self.uid.into());
        line.parts(|out| push_ms(self.duration_ns, out));
        match self.errno() {
            Some(errno) => line.text(errno_name(errno).as_bytes()),
            None => line.text(b"removed"),
        }
        line.text(c_bytes(&self.filename));
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        let kind = if self.errno().is_some() { "failed" } else { "removed" };
        fields.kind(kind, self.time_ns);
        fields.number("pid", self.pid.into());
        fields.number("tid", self.tid.into());
        fields.number("uid", self.uid.into());
        fields.text("comm", c_bytes(&self.comm));
        fields.text("filename", c_bytes(&self.filename));
        fields.number("duration_ns", self.duration_ns);
        if let Some(errno) = self.errno() {
            fields.text("error", errno_name(errno).as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use bpfapps_core::output::{Format, sample};

    use super::*;

    fn of_sh(result: i32) -> event {
        let mut event = event {
            time_ns: 3_000_000_000,
            duration_ns: 1_500_000,
            pid: 42,
            tid: 43,
            uid: 1000,
            result,
            ..event::default()
        };
        event.comm[..2].copy_from_slice(b"sh");
        event.filename[..4].copy_from_slice(b"/a\nb");
        event
    }

    #[test]
    fn event_is_a_row() {
        assert_eq!(
            sample(&of_sh(0), Format::Table),
            "00:00:03 sh               42      1000  1.500    removed   /a\\nb\n"
        );
        assert_eq!(
            sample(&of_sh(-2), Format::Table),
            "00:00:03 sh               42      1000  1.500    ENOENT    /a\\nb\n"
        );
    }

    #[test]
    fn event_is_a_document() {
        let start = "\"time\":\"1970-01-01T00:00:03.000000000Z\",\"pid\":42,\"tid\":43,\
             \"uid\":1000,\"comm\":\"sh\",\"filename\":\"/a\\nb\",\"duration_ns\":1500000";
        assert_eq!(
            sample(&of_sh(0), Format::Json),
            ["{\"version\":1,\"type\":\"removed\",", start, "}\n"].concat()
        );
        assert_eq!(
            sample(&of_sh(-13), Format::Json),
            ["{\"version\":1,\"type\":\"failed\",", start, ",\"error\":\"EACCES\"}\n"].concat()
        );
    }
}

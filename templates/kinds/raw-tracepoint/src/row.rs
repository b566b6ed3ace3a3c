//! How an event reads in the table, and in JSON and YAML.

use bpfapps_core::output::{Columns, Fields, Line, Row};
use bpfapps_core::{Document, Field, c_bytes};

use crate::event;

pub(crate) const DOCUMENTS: &[Document] = &[
    Document {
        kind: "process",
        about: "A process has forked: the child is one of its own.",
        fields: FIELDS,
    },
    Document {
        kind: "thread",
        about: "A process has started a thread.",
        fields: FIELDS,
    },
];

const FIELDS: &[Field] = &[
    Field::number("pid", "The process."),
    Field::number("tid", "The thread of it that did it."),
    Field::number("uid", "The user that it runs as."),
    Field::text("comm", "The thread's name, at most 15 bytes."),
    Field::number("child_pid", "The process that the child is, or that it is a thread of."),
    Field::number("child_tid", "The child's first thread, or the thread that it is."),
];

impl event {
    fn is_thread(&self) -> bool {
        self.child_pid == self.pid
    }
}

impl Row for event {
    const COLUMNS: Columns = &[
        ("TIME", 8),
        ("BIRTH", 7),
        ("COMM", 16),
        ("PID", 7),
        ("TID", 7),
        ("UID", 5),
        ("CHILD", 0),
    ];

    fn write(&self, line: &mut Line<'_>) {
        line.time(self.time_ns);
        line.text(if self.is_thread() { b"THREAD" } else { b"PROCESS" });
        line.text(c_bytes(&self.comm));
        line.number(self.pid.into());
        line.number(self.tid.into());
        line.number(self.uid.into());
        line.number(self.child_tid.into());
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        let kind = if self.is_thread() { "thread" } else { "process" };
        fields.kind(kind, self.time_ns);
        fields.number("pid", self.pid.into());
        fields.number("tid", self.tid.into());
        fields.number("uid", self.uid.into());
        fields.text("comm", c_bytes(&self.comm));
        fields.number("child_pid", self.child_pid.into());
        fields.number("child_tid", self.child_tid.into());
    }
}

#[cfg(test)]
mod tests {
    use bpfapps_core::output::{Format, sample};

    use super::*;

    fn birth(child_pid: u32) -> event {
        let mut event = event {
            time_ns: 3_000_000_000,
            pid: 42,
            tid: 43,
            uid: 1000,
            child_pid,
            child_tid: 44,
            ..event::default()
        };
        event.comm[..2].copy_from_slice(b"sh");
        event
    }

    #[test]
    fn child_is_a_process_or_a_thread() {
        assert_eq!(
            sample(&birth(44), Format::Table),
            "00:00:03 PROCESS sh               42      43      1000  44\n"
        );
        assert_eq!(
            sample(&birth(42), Format::Table),
            "00:00:03 THREAD  sh               42      43      1000  44\n"
        );
    }

    #[test]
    fn event_is_a_document() {
        assert_eq!(
            sample(&birth(44), Format::Json),
            "{\"version\":1,\"type\":\"process\",\"time\":\"1970-01-01T00:00:03.000000000Z\",\
             \"pid\":42,\"tid\":43,\"uid\":1000,\"comm\":\"sh\",\"child_pid\":44,\
             \"child_tid\":44}\n"
        );
    }
}

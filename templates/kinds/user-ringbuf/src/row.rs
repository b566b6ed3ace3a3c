//! How an event reads in the table, and in JSON and YAML.

use bpfapps_core::output::{Columns, Fields, Line, Row, escape, push_decimal};
use bpfapps_core::{Document, Field, c_bytes, signal_name};

use crate::event;
use crate::skel::types::event_kind;

pub(crate) const DOCUMENTS: &[Document] = &[
    Document {
        kind: "watch",
        about: "A command was followed: from now on signals to the process are reported.",
        fields: &[PID],
    },
    Document {
        kind: "forget",
        about: "A command was followed: signals to the process are reported no more.",
        fields: &[PID],
    },
    Document {
        kind: "signal",
        about: "The process was sent a signal.",
        fields: &[
            PID,
            Field::text("signal", "Which, such as SIGTERM."),
            Field::flag("by_kernel", "The kernel has sent it: because of what the sender did."),
            Field::number("sender_pid", "The process that has sent it, or that ran then."),
            Field::number("sender_uid", "The user that this one runs as."),
            Field::text("sender_comm", "The name of its thread, at most 15 bytes."),
        ],
    },
];

const PID: Field = Field::number("pid", "The process that the signal, or the command, is about.");

impl Row for event {
    const COLUMNS: Columns = &[("TIME", 8), ("EVENT", 6), ("PID", 7), ("SIGNAL", 9), ("FROM", 0)];

    fn write(&self, line: &mut Line<'_>) {
        line.time(self.time_ns);
        line.text(match self.kind {
            event_kind::KIND_WATCH => b"WATCH",
            event_kind::KIND_FORGET => b"FORGET",
            _ => b"SIGNAL",
        });
        line.number(self.pid.into());
        if self.kind != event_kind::KIND_SIGNAL {
            return;
        }
        line.text(signal_name(self.signal).as_bytes());
        line.parts(|out| {
            escape(c_bytes(&self.sender_comm), out);
            out.push(b' ');
            push_decimal(self.sender_pid.into(), out);
            out.extend_from_slice(b", uid ");
            push_decimal(self.sender_uid.into(), out);
            if self.by_kernel != 0 {
                out.extend_from_slice(b" (by the kernel)");
            }
        });
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        let kind = match self.kind {
            event_kind::KIND_WATCH => "watch",
            event_kind::KIND_FORGET => "forget",
            _ => "signal",
        };
        fields.kind(kind, self.time_ns);
        fields.number("pid", self.pid.into());
        if self.kind == event_kind::KIND_SIGNAL {
            fields.text("signal", signal_name(self.signal).as_bytes());
            fields.flag("by_kernel", self.by_kernel != 0);
            fields.number("sender_pid", self.sender_pid.into());
            fields.number("sender_uid", self.sender_uid.into());
            fields.text("sender_comm", c_bytes(&self.sender_comm));
        }
    }
}

#[cfg(test)]
mod tests {
    use bpfapps_core::output::{Format, sample};

    use super::*;

    fn signal() -> event {
        let mut event = event {
            time_ns: 3_000_000_000,
            kind: event_kind::KIND_SIGNAL,
            pid: 42,
            signal: 15,
            sender_pid: 7,
            sender_uid: 1000,
            ..event::default()
        };
        event.sender_comm[..2].copy_from_slice(b"sh");
        event
    }

    #[test]
    fn signal_is_a_row_and_a_document() {
        assert_eq!(
            sample(&signal(), Format::Table),
            "00:00:03 SIGNAL 42      SIGTERM   sh 7, uid 1000\n"
        );
        assert_eq!(
            sample(&signal(), Format::Json),
            "{\"version\":1,\"type\":\"signal\",\"time\":\"1970-01-01T00:00:03.000000000Z\",\
             \"pid\":42,\"signal\":\"SIGTERM\",\"by_kernel\":false,\"sender_pid\":7,\
             \"sender_uid\":1000,\"sender_comm\":\"sh\"}\n"
        );
        let by_kernel = event { by_kernel: 1, ..signal() };
        assert!(sample(&by_kernel, Format::Table).ends_with("sh 7, uid 1000 (by the kernel)\n"));
    }

    #[test]
    fn command_is_a_row_and_a_document() {
        let watch = event { kind: event_kind::KIND_WATCH, ..signal() };
        assert_eq!(sample(&watch, Format::Table).trim_end(), "00:00:03 WATCH  42");
        assert_eq!(
            sample(&watch, Format::Json),
            "{\"version\":1,\"type\":\"watch\",\"time\":\"1970-01-01T00:00:03.000000000Z\",\"pid\":42}\n"
        );
    }
}

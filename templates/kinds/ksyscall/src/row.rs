//! How an event reads in the table, and in JSON and YAML.

use std::borrow::Cow;

use bpfapps_core::output::{Columns, Fields, Line, Row, push_hex, push_ms, push_signed};
use bpfapps_core::{Document, Field, c_bytes, errno_name};

use crate::event;

pub(crate) const DOCUMENTS: &[Document] = &[Document {
    kind: "call",
    about: "The system call has returned.",
    fields: &[
        Field::number("pid", "The process."),
        Field::number("tid", "Its thread."),
        Field::text("comm", "The thread's name, at most 15 bytes."),
        Field::number("duration_ns", "How long the call took, in nanoseconds."),
        Field::number("result", "What it returned; a negative number is an error."),
        Field::text("error", "That error by name, such as ENOENT.").optional(),
        Field::any("arg", "An argument, by its place: 0 is the first. Of fewer the rest is chance."),
    ],
}];

impl event {
    /// The error, if it is one: these are the last numbers there are.
    fn error(&self) -> Option<Cow<'static, str>> {
        let is_error = (-4095..0).contains(&self.result);
        is_error.then(|| errno_name(self.result.unsigned_abs() as u32))
    }
}

impl Row for event {
    const COLUMNS: Columns = &[
        ("TIME", 8),
        ("COMM", 16),
        ("PID", 7),
        ("TID", 7),
        ("MS", 10),
        ("RESULT", 10),
        ("ARGUMENTS", 0),
    ];

    fn write(&self, line: &mut Line<'_>) {
        line.time(self.time_ns);
        line.text(c_bytes(&self.comm));
        line.number(self.pid.into());
        line.number(self.tid.into());
        line.parts(|out| push_ms(self.duration_ns, out));
        match self.error() {
            Some(error) => line.text(error.as_bytes()),
            None => line.parts(|out| push_signed(self.result, out)),
        }
        line.parts(|out| {
            for (i, arg) in self.args.iter().enumerate() {
                out.extend_from_slice(if i == 0 { b"0x" } else { b" 0x" });
                push_number(*arg, out);
            }
        });
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        fields.kind("call", self.time_ns);
        fields.number("pid", self.pid.into());
        fields.number("tid", self.tid.into());
        fields.text("comm", c_bytes(&self.comm));
        fields.number("duration_ns", self.duration_ns);
        fields.signed("result", self.result);
        if let Some(error) = self.error() {
            fields.text("error", error.as_bytes());
        }
        for (i, arg) in self.args.iter().enumerate() {
            fields.number(&format!("arg{i}"), *arg);
        }
    }
}

/// In hexadecimal, without the zero bytes before it.
fn push_number(number: u64, out: &mut Vec<u8>) {
    let bytes = number.to_be_bytes();
    let zero = bytes.iter().take_while(|byte| **byte == 0).count();
    push_hex(&bytes[zero.min(7)..], out);
}

#[cfg(test)]
mod tests {
    use bpfapps_core::output::{Format, sample};

    use super::*;

    #[test]
    fn event_is_a_row_and_a_document() {
        let mut event = event {
            time_ns: 3_000_000_000,
            duration_ns: 1_500_250_999,
            result: -2,
            args: [0, 0x7ffe_0123, 15, 256, 0, 1],
            pid: 42,
            tid: 43,
            ..event::default()
        };
        event.comm[..2].copy_from_slice(b"sh");
        assert_eq!(
            sample(&event, Format::Table),
            "00:00:03 sh               42      43      1500.250   ENOENT     \
             0x00 0x7ffe0123 0x0f 0x0100 0x00 0x01\n"
        );
        assert_eq!(
            sample(&event, Format::Json),
            "{\"version\":1,\"type\":\"call\",\"time\":\"1970-01-01T00:00:03.000000000Z\",\
             \"pid\":42,\"tid\":43,\"comm\":\"sh\",\"duration_ns\":1500250999,\"result\":-2,\
             \"error\":\"ENOENT\",\"arg0\":0,\"arg1\":2147352867,\"arg2\":15,\"arg3\":256,\"arg4\":0,\"arg5\":1}\n"
        );
    }
}

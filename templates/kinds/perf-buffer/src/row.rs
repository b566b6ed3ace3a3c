//! How an event reads in the table, and in JSON and YAML.

use bpfapps_core::output::{Columns, Fields, Line, Row, push_signed};
use bpfapps_core::{Document, Field, c_bytes, errno_name};

use crate::event;

/// A file that was opened, or was not.
pub(crate) struct Opened {
    pub(crate) event: event,
    /// When: since boot, as CLOCK_BOOTTIME
    pub(crate) boot_ns: u64,
}

pub(crate) const DOCUMENTS: &[Document] = &[Document {
    kind: "open",
    about: "A process has called openat(2).",
    fields: &[
        Field::number("pid", "The process."),
        Field::number("tid", "Its thread."),
        Field::number("uid", "The user that it runs as."),
        Field::text("comm", "The thread's name, at most 15 bytes."),
        Field::number("fd", "The file descriptor, where it worked.").optional(),
        Field::text("error", "Why it did not work, such as ENOENT.").optional(),
        Field::text("path", "The path as the process gave it, at most 255 bytes."),
    ],
}];

impl Opened {
    /// The name of the error, where it did not work.
    fn error(&self) -> Option<impl AsRef<str>> {
        let result = self.event.result;
        (result < 0).then(|| errno_name(result.unsigned_abs()))
    }
}

impl Row for Opened {
    const COLUMNS: Columns = &[
        ("TIME", 8),
        ("COMM", 16),
        ("PID", 7),
        ("TID", 7),
        ("UID", 5),
        ("FD/ERROR", 8),
        ("PATH", 0),
    ];

    fn write(&self, line: &mut Line<'_>) {
        let event = &self.event;
        line.time(self.boot_ns);
        line.text(c_bytes(&event.comm));
        line.number(event.pid.into());
        line.number(event.tid.into());
        line.number(event.uid.into());
        line.parts(|out| match self.error() {
            Some(name) => out.extend_from_slice(name.as_ref().as_bytes()),
            None => push_signed(event.result.into(), out),
        });
        line.text(c_bytes(&event.path));
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        let event = &self.event;
        fields.kind("open", self.boot_ns);
        fields.number("pid", event.pid.into());
        fields.number("tid", event.tid.into());
        fields.number("uid", event.uid.into());
        fields.text("comm", c_bytes(&event.comm));
        match self.error() {
            Some(name) => fields.text("error", name.as_ref().as_bytes()),
            None => fields.signed("fd", event.result.into()),
        }
        fields.text("path", c_bytes(&event.path));
    }
}

#[cfg(test)]
mod tests {
    use bpfapps_core::output::{Format, sample};

    use super::*;

    fn opened(result: i32) -> Opened {
        let mut event = event {
            result,
            pid: 42,
            tid: 43,
            uid: 1000,
            ..event::default()
        };
        event.comm[..2].copy_from_slice(b"sh");
        event.path[..8].copy_from_slice(b"/etc/x y");
        Opened {
            event,
            boot_ns: 3_000_000_000,
        }
    }

    #[test]
    fn file_is_open_or_there_is_an_error() {
        assert_eq!(
            sample(&opened(3), Format::Table),
            "00:00:03 sh               42      43      1000  3        /etc/x y\n"
        );
        assert_eq!(
            sample(&opened(-2), Format::Table),
            "00:00:03 sh               42      43      1000  ENOENT   /etc/x y\n"
        );
    }

    #[test]
    fn event_is_a_document() {
        let start = "{\"version\":1,\"type\":\"open\",\"time\":\"1970-01-01T00:00:03.000000000Z\",\
                     \"pid\":42,\"tid\":43,\"uid\":1000,\"comm\":\"sh\",";
        assert_eq!(
            sample(&opened(0), Format::Json),
            format!("{start}\"fd\":0,\"path\":\"/etc/x y\"}}\n")
        );
        assert_eq!(
            sample(&opened(-13), Format::Json),
            format!("{start}\"error\":\"EACCES\",\"path\":\"/etc/x y\"}}\n")
        );
    }
}

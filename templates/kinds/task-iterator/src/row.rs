//! The row of a thread, in the table, JSON and YAML.

use bpfapps_core::output::{Columns, Fields, Line, Row, escape, push_ms};
use bpfapps_core::{Document, Field, c_bytes};

use crate::task;

/// A thread, and where in the kernel it is: the innermost function first.
pub(crate) struct Thread {
    pub(crate) task: task,
    pub(crate) stack: Vec<Vec<u8>>,
}

impl Row for Thread {
    const COLUMNS: Columns = &[
        ("TIME", 8),
        ("STATE", 5),
        ("COMM", 16),
        ("PID", 7),
        ("TID", 7),
        ("UID", 5),
        ("CPU_MS", 11),
        ("STACK", 0),
    ];

    const DOCUMENTS: &'static [Document] = &[Document {
        kind: "thread",
        about: "A thread, as it was at that time.",
        fields: &[
            Field::number("pid", "The process."),
            Field::number("tid", "Its thread."),
            Field::number("uid", "The user that it runs as."),
            Field::text("comm", "The thread's name, at most 15 bytes."),
            Field::text("state", "A letter, as in ps(1): R runs, S sleeps, D waits for a device …"),
            Field::number("runtime_ns", "How long it has had a CPU so far, in nanoseconds."),
            Field::texts("stack", "Where in the kernel it waits, the innermost function first."),
        ],
    }];

    fn write(&self, line: &mut Line<'_>) {
        let task = &self.task;
        line.time(task.time_ns);
        line.text(&[task.state]);
        line.text(c_bytes(&task.comm));
        line.number(task.pid.into());
        line.number(task.tid.into());
        line.number(task.uid.into());
        line.parts(|out| push_ms(task.runtime_ns, out));
        line.parts(|out| {
            for (index, frame) in self.stack.iter().enumerate() {
                if index > 0 {
                    out.extend_from_slice(b" < ");
                }
                escape(function(frame), out);
            }
        });
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        let task = &self.task;
        fields.kind("thread", task.time_ns);
        fields.number("pid", task.pid.into());
        fields.number("tid", task.tid.into());
        fields.number("uid", task.uid.into());
        fields.text("comm", c_bytes(&task.comm));
        fields.text("state", &[task.state]);
        fields.number("runtime_ns", task.runtime_ns);
        fields.texts("stack", self.stack.iter().map(Vec::as_slice));
    }
}

/// The function's name: `do_nanosleep` of `do_nanosleep+0x67/0x1a0`.
fn function(frame: &[u8]) -> &[u8] {
    let end = frame.iter().position(|&byte| byte == b'+');
    &frame[..end.unwrap_or(frame.len())]
}

#[cfg(test)]
mod tests {
    use bpfapps_core::output::{Format, sample};

    use super::*;

    #[test]
    fn thread_is_a_row_and_a_document() {
        let mut task = task {
            time_ns: 3_000_000_000,
            runtime_ns: 1_500_000,
            pid: 42,
            tid: 43,
            uid: 1000,
            state: b'S',
            ..task::default()
        };
        task.comm[..2].copy_from_slice(&b"sh".map(u8::cast_signed));
        let stack = ["do_wait+0x4f/0x1b0", "kernel_wait4"].map(Vec::from).to_vec();
        let thread = Thread { task, stack };
        assert_eq!(
            sample(&thread, Format::Table),
            "00:00:03 S     sh               42      43      1000  1.500       do_wait < kernel_wait4\n"
        );
        assert_eq!(
            sample(&thread, Format::Json),
            "{\"version\":1,\"type\":\"thread\",\"time\":\"1970-01-01T00:00:03.000000000Z\",\
             \"pid\":42,\"tid\":43,\"uid\":1000,\"comm\":\"sh\",\"state\":\"S\",\
             \"runtime_ns\":1500000,\"stack\":[\"do_wait+0x4f/0x1b0\",\"kernel_wait4\"]}\n"
        );
    }
}

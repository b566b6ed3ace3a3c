//! How a sample reads in the table, and in JSON and YAML.

use bpfapps_core::output::{Columns, Fields, Line, Row, escape};
use bpfapps_core::{Document, Field, c_bytes};

use crate::event;

/// A sample, with the names of the functions, the innermost first.
pub(crate) struct Sample<'a> {
    pub(crate) event: &'a event,
    pub(crate) kernel: Vec<String>,
    pub(crate) user: Vec<String>,
}

impl Row for Sample<'_> {
    const COLUMNS: Columns = &[
        ("TIME", 8),
        ("COMM", 16),
        ("PID", 7),
        ("TID", 7),
        ("CPU", 3),
        ("STACK", 0),
    ];

    const DOCUMENTS: &'static [Document] = &[Document {
        kind: "sample",
        about: "A CPU was busy with this at that time.",
        fields: &[
            Field::number("pid", "The process."),
            Field::number("tid", "Its thread."),
            Field::text("comm", "The thread's name, at most 15 bytes."),
            Field::number("cpu", "The CPU."),
            Field::texts("kernel_stack", "Where in the kernel, if it was there: the innermost first."),
            Field::texts("user_stack", "Where in user space: the innermost function first."),
        ],
    }];

    fn write(&self, line: &mut Line<'_>) {
        let event = self.event;
        line.time(event.time_ns);
        line.text(c_bytes(&event.comm));
        line.number(event.pid.into());
        line.number(event.tid.into());
        line.number(event.cpu.into());
        line.parts(|out| {
            push_stack(&self.kernel, out);
            if !self.kernel.is_empty() && !self.user.is_empty() {
                out.extend_from_slice(b" | ");
            }
            push_stack(&self.user, out);
        });
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        let event = self.event;
        fields.kind("sample", event.time_ns);
        fields.number("pid", event.pid.into());
        fields.number("tid", event.tid.into());
        fields.text("comm", c_bytes(&event.comm));
        fields.number("cpu", event.cpu.into());
        fields.texts("kernel_stack", self.kernel.iter().map(String::as_bytes));
        fields.texts("user_stack", self.user.iter().map(String::as_bytes));
    }
}

fn push_stack(stack: &[String], out: &mut Vec<u8>) {
    for (index, function) in stack.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(b" < ");
        }
        escape(function.as_bytes(), out);
    }
}

#[cfg(test)]
mod tests {
    use bpfapps_core::output::{Format, sample};

    use super::*;

    #[test]
    fn sample_is_a_row_and_a_document() {
        let mut event = event {
            time_ns: 3_000_000_000,
            pid: 42,
            tid: 43,
            cpu: 1,
            ..event::default()
        };
        event.comm[..2].copy_from_slice(&b"sh".map(u8::cast_signed));
        let names = |names: [&str; 2]| names.map(str::to_owned).to_vec();
        let of_sh = Sample {
            event: &event,
            kernel: names(["clear_page", "do_syscall_64"]),
            user: names(["write", "main"]),
        };
        assert_eq!(
            sample(&of_sh, Format::Table),
            "00:00:03 sh               42      43      1   \
             clear_page < do_syscall_64 | write < main\n"
        );
        assert_eq!(
            sample(&of_sh, Format::Json),
            "{\"version\":1,\"type\":\"sample\",\"time\":\"1970-01-01T00:00:03.000000000Z\",\
             \"pid\":42,\"tid\":43,\"comm\":\"sh\",\"cpu\":1,\
             \"kernel_stack\":[\"clear_page\",\"do_syscall_64\"],\
             \"user_stack\":[\"write\",\"main\"]}\n"
        );
    }
}

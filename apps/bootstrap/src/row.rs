//! How an event reads in the table, and in JSON and YAML.

use bpfapps_core::output::{Columns, Fields, Line, Row, Style, escape, push_decimal};
use bpfapps_core::{c_bytes, signal_name};

use crate::event;
use crate::skel::types::event_kind;

impl Row for event {
    const COLUMNS: Columns = &[
        ("TIME", 8),
        ("EVENT", 5),
        ("COMM", 16),
        ("PID", 7),
        ("PPID", 7),
        ("FILENAME/EXIT CODE", 0),
    ];

    fn write(&self, line: &mut Line<'_>) {
        let exec = self.kind == event_kind::EVENT_EXEC;
        line.time(self.time_ns);
        line.style(if exec { Style::Start } else { Style::End });
        line.text(if exec { b"EXEC" } else { b"EXIT" });
        line.text(c_bytes(&self.comm));
        line.number(self.pid.into());
        line.number(self.ppid.into());
        if !exec && self.status != 0 {
            line.style(Style::Failure);
        }
        line.parts(|out| {
            if exec {
                write_filename(self, out)
            } else {
                write_exit(self, out)
            }
        });
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        let exec = self.kind == event_kind::EVENT_EXEC;
        fields.kind(if exec { "exec" } else { "exit" }, self.time_ns);
        fields.number("pid", self.pid.into());
        fields.number("ppid", self.ppid.into());
        fields.text("comm", c_bytes(&self.comm));
        if exec {
            fields.text("filename", c_bytes(&self.filename));
            fields.flag("filename_cut", self.cut != 0);
            return;
        }
        match Status::of(self.status) {
            Status::Code(code) => fields.number("exit_code", code.into()),
            Status::Signal {
                number,
                core_dumped,
            } => {
                fields.text("signal", signal_name(number).as_bytes());
                fields.flag("core_dumped", core_dumped);
            }
        }
        fields.number("duration_ns", self.duration_ns);
        fields.text(
            "duration_since",
            if self.since_start != 0 {
                b"start"
            } else {
                b"exec"
            },
        );
    }
}

fn write_filename(event: &event, out: &mut Vec<u8>) {
    escape(c_bytes(&event.filename), out);
    if event.cut != 0 {
        out.extend_from_slice("…".as_bytes());
    }
}

fn write_exit(event: &event, out: &mut Vec<u8>) {
    out.push(b'[');
    write_status(event.status, out);
    // A duration since the start of the process, not since its exec, is marked as another thing.
    out.extend_from_slice(if event.since_start != 0 {
        b"] (~"
    } else {
        b"] ("
    });
    push_decimal(event.duration_ns / crate::NS_PER_MS, out);
    out.extend_from_slice(b"ms)");
}

fn write_status(status: u32, out: &mut Vec<u8>) {
    match Status::of(status) {
        Status::Code(code) => push_decimal(code.into(), out),
        Status::Signal {
            number,
            core_dumped,
        } => {
            out.extend_from_slice(signal_name(number).as_bytes());
            if core_dumped {
                out.extend_from_slice(b", core dumped");
            }
        }
    }
}

/// How a process ended.
enum Status {
    Code(u32),
    Signal { number: u32, core_dumped: bool },
}

impl Status {
    /// Of the two halves of a wait(2) status, only one means something.
    fn of(status: u32) -> Self {
        match status & 0x7f {
            0 => Self::Code(status >> 8 & 0xff),
            number => Self::Signal {
                number,
                core_dumped: status & 0x80 != 0,
            },
        }
    }
}

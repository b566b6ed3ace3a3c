//! How an event reads in the table.

use bpfapps_core::output::{Columns, Line, Row, escape, push_decimal};
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
        line.text(if exec { b"EXEC" } else { b"EXIT" });
        line.text(c_bytes(&self.comm));
        line.number(self.pid.into());
        line.number(self.ppid.into());
        line.parts(|out| {
            if exec {
                write_filename(self, out)
            } else {
                write_exit(self, out)
            }
        });
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

/// The exit code, or the signal that ended the process: the two halves of a wait(2) status.
fn write_status(status: u32, out: &mut Vec<u8>) {
    const CORE_DUMPED: u32 = 0x80;
    match status & 0x7f {
        0 => push_decimal((status >> 8 & 0xff).into(), out),
        signal => {
            out.extend_from_slice(signal_name(signal).as_bytes());
            if status & CORE_DUMPED != 0 {
                out.extend_from_slice(b", core dumped");
            }
        }
    }
}

//! The row of an event. Its last column is the filename of an exec, or the status of an exit; its
//! document follows from the header.

use std::borrow::Cow;

use bpfapps_core::output::values::{ExitStatus, Text, Value as _};
use bpfapps_core::output::{Columns, Fields, Line, Row, Style, push_decimal};
use bpfapps_core::{Document, Event, c_bytes};

use crate::event;
use crate::skel::types::{event_kind, since};

type Declared<'a> = <event as Event>::Row<'a>;

/// A process that has begun or ended.
pub(crate) struct Lifetime<'a>(pub(crate) Declared<'a>);

impl Row for Lifetime<'_> {
    const COLUMNS: Columns = &[
        ("TIME", 8),
        ("EVENT", 5),
        ("COMM", 16),
        ("PID", 7),
        ("PPID", 7),
        ("FILENAME/EXIT CODE", 0),
    ];

    const DOCUMENTS: &'static [Document] = Declared::DOCUMENTS;

    fn write(&self, line: &mut Line<'_>) {
        let event = &self.0;
        let is_exit = event.kind == event_kind::EVENT_EXIT;
        line.time(event.time_ns);
        line.style(if is_exit { Style::End } else { Style::Start });
        line.text(if is_exit { b"EXIT" } else { b"EXEC" });
        line.text(c_bytes(&event.comm));
        line.value(&event.pid);
        line.value(&event.ppid);
        if event.status != 0 {
            line.style(Style::Failure);
        }
        if is_exit {
            line.parts(|out| write_exit(event, out));
        } else {
            line.value(&Text(event.filename));
        }
    }

    fn kind(&self) -> Cow<'static, str> {
        self.0.kind()
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        self.0.fields(fields);
    }
}

/// `[0] (12ms)`; a duration since the start of the process, not since its exec, has a `~`.
fn write_exit(event: &event, out: &mut Vec<u8>) {
    out.push(b'[');
    ExitStatus::of(event.status).show(out);
    let since_start = event.duration_since == since::SINCE_START;
    out.extend_from_slice(if since_start { b"] (~" } else { b"] (" });
    push_decimal(event.duration_ns / 1_000_000, out);
    out.extend_from_slice(b"ms)");
}

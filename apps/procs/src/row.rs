//! The row of an event, in the table, JSON and YAML.

use std::borrow::Cow;
use std::str;

use bpfapps_core::host::cgroups::Identity;
use bpfapps_core::output::values::{ExitStatus, Value as _, Words};
use bpfapps_core::output::{Columns, Fields, Line, Row, Style, escape, push_decimal};
use bpfapps_core::{Document, Result, c_bytes, errno_name, take};

use crate::documents;
use crate::event;
use crate::exe;
use crate::exit::times;
use crate::skel::types::event_kind;

/// Digits of a container's id in the table, as `docker ps` shows it.
const SHORT_ID: usize = 12;

/// An event with the texts after its record. `CONTAINER` is true for a table with such a column.
pub(crate) struct Event<'a, const CONTAINER: bool> {
    event: &'a event,
    /// Each name ends with a NUL.
    cgroup: &'a [u8],
    cgroup_v1: &'a [u8],
    /// The names in the path of the executable, see `bpf/exe.h`.
    exe: &'a [u8],
    /// Each ends with a NUL, but for the last where they are cut.
    args: &'a [u8],
    filename: &'a [u8],
    /// The interpreter of a script.
    interpreter: &'a [u8],
    page_size: u64,
}

impl<'a, const CONTAINER: bool> Event<'a, CONTAINER> {
    /// # Errors
    ///
    /// The tail is shorter than the record says.
    pub(crate) fn new(event: &'a event, mut tail: &'a [u8], page_size: u64) -> Result<Self> {
        let mut take = |length| take(&mut tail, length);
        Ok(Self {
            event,
            cgroup: take(event.cgroup_len)?,
            cgroup_v1: take(event.cgroup_v1_len)?,
            exe: take(event.exe_len)?,
            args: take(event.args_len)?,
            filename: take(event.filename_len)?,
            interpreter: take(event.interpreter_len)?,
            page_size,
        })
    }

    fn identity(&self) -> Identity<'a> {
        let identity = |names: &'a [u8]| {
            let names = names.split(|&byte| byte == 0);
            // such a name is none of an engine or of systemd
            Identity::of_names(names.map(|name| str::from_utf8(name).unwrap_or_default()))
        };
        identity(self.cgroup).or(identity(self.cgroup_v1))
    }

    fn args_are_cut(&self) -> bool {
        self.event.args_size as usize > self.args.len()
    }
}

impl<const CONTAINER: bool> Row for Event<'_, CONTAINER> {
    const DOCUMENTS: &'static [Document] = documents::ALL;

    const COLUMNS: Columns = if CONTAINER {
        &[
            ("TIME", 8),
            ("EVENT", 5),
            ("COMM", 16),
            ("PID", 7),
            ("PPID", 7),
            ("CONTAINER", SHORT_ID),
            ("FILENAME/EXIT CODE", 0),
        ]
    } else {
        &[
            ("TIME", 8),
            ("EVENT", 5),
            ("COMM", 16),
            ("PID", 7),
            ("PPID", 7),
            ("FILENAME/EXIT CODE", 0),
        ]
    };

    fn write(&self, line: &mut Line<'_>) {
        let event = self.event;
        line.time(event.time_ns);
        let (style, kind) = match event.kind {
            event_kind::EVENT_EXEC => (Style::Start, b"EXEC"),
            event_kind::EVENT_EXIT => (Style::End, b"EXIT"),
            _ => (Style::Failure, b"FAIL"),
        };
        line.style(style);
        line.text(kind);
        line.text(c_bytes(&event.comm));
        line.number(event.pid.into());
        line.number(event.ppid.into());
        if CONTAINER {
            match self.identity().container_id {
                Some(id) => line.text(id.get(..SHORT_ID).unwrap_or(id).as_bytes()),
                None => line.none(),
            }
        }
        if event.kind == event_kind::EVENT_EXIT && event.status != 0 {
            line.style(Style::Failure);
        }
        line.parts(|out| match event.kind {
            event_kind::EVENT_EXEC => self.write_program(out),
            event_kind::EVENT_EXIT => write_exit(event, out),
            _ => {
                escape(self.filename, out);
                out.extend_from_slice(b" [");
                out.extend_from_slice(errno_name(event.status).as_bytes());
                out.push(b']');
            }
        });
    }

    fn kind(&self) -> Cow<'static, str> {
        let kind = match self.event.kind {
            event_kind::EVENT_EXEC => "exec",
            event_kind::EVENT_EXIT => "exit",
            _ => "exec_failed",
        };
        kind.into()
    }

    fn fields(&self, fields: &mut Fields<'_>) {
        let event = self.event;
        fields.kind(&self.kind(), event.time_ns);
        fields.number("pid", event.pid.into());
        fields.number("tid", event.tid.into());
        fields.number("ppid", event.ppid.into());
        fields.number("uid", event.uid.into());
        fields.text("comm", c_bytes(&event.comm));
        match event.kind {
            event_kind::EVENT_EXEC => self.program_fields(fields),
            event_kind::EVENT_EXIT => self.exit_fields(fields),
            _ => {
                fields.text("filename", self.filename);
                fields.text("error", errno_name(event.status).as_bytes());
            }
        }
        fields.number("cgroup_id", event.cgroup);
        self.identity_fields(fields);
        if event.details != 0 {
            fields.number("ns_pid", event.ns_pid.into());
            fields.number("pid_ns", event.pid_ns.into());
            fields.number("mnt_ns", event.mnt_ns.into());
        }
    }
}

impl<const CONTAINER: bool> Event<'_, CONTAINER> {
    fn write_program(&self, out: &mut Vec<u8>) {
        escape(self.filename, out);
        if !self.interpreter.is_empty() {
            out.extend_from_slice(b" #!");
            escape(self.interpreter, out);
        }
        // The first argument is the program's name, which the row has already.
        for arg in Words(self.args).iter().skip(1) {
            out.push(b' ');
            Words::push(arg, out);
        }
        if self.args_are_cut() {
            out.extend_from_slice(" …".as_bytes());
        }
    }

    fn program_fields(&self, fields: &mut Fields<'_>) {
        fields.text("filename", self.filename);
        self.exe_fields(fields);
        if !self.interpreter.is_empty() {
            fields.text("interpreter", self.interpreter);
        }
        if self.event.has_args != 0 {
            fields.value("args", &Words(self.args));
            fields.flag("args_cut", self.args_are_cut());
        }
    }

    fn identity_fields(&self, fields: &mut Fields<'_>) {
        let identity = self.identity();
        for (name, text) in [
            ("container_id", identity.container_id),
            ("container_runtime", identity.container_runtime),
            ("pod_uid", identity.pod_uid.as_deref()),
            ("systemd_unit", identity.systemd_unit),
            ("systemd_slice", identity.systemd_slice),
        ] {
            if let Some(text) = text {
                fields.text(name, text.as_bytes());
            }
        }
    }

    fn exe_fields(&self, fields: &mut Fields<'_>) {
        let event = self.event;
        if event.details == 0 {
            return;
        }
        let is_cut = event.exe_cut != 0;
        if let Some(path) = exe::path(self.exe, is_cut, event.exe_deleted != 0) {
            fields.text("exe", &path);
            fields.flag("exe_cut", is_cut);
        }
        fields.text("exe_dev", exe::device(event.exe_dev).as_bytes());
        fields.number("exe_inode", event.exe_inode);
    }

    fn exit_fields(&self, fields: &mut Fields<'_>) {
        let event = self.event;
        fields.value("status", &ExitStatus::of(event.status));
        fields.number("duration_ns", event.duration_ns);
        fields.text(
            "duration_since",
            if event.since_start != 0 {
                b"start"
            } else {
                b"exec"
            },
        );
        if event.details != 0 {
            let (user, system) = times(event.user_ns, event.system_ns, event.runtime_ns);
            fields.number("user_time_ns", user);
            fields.number("system_time_ns", system);
            fields.number("peak_rss_bytes", event.peak_rss * self.page_size);
        }
    }
}

fn write_exit(event: &event, out: &mut Vec<u8>) {
    out.push(b'[');
    ExitStatus::of(event.status).show(out);
    // A duration since the start of the process, not since its exec, is marked as another thing.
    out.extend_from_slice(if event.since_start != 0 {
        b"] (~"
    } else {
        b"] ("
    });
    push_decimal(event.duration_ns / 1_000_000, out);
    out.extend_from_slice(b"ms)");
}

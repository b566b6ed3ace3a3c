//! The schema of the documents that `row.rs` writes.

use bpfapps_core::{Document, Field};

pub(crate) const ALL: &[Document] = &[
    Document {
        kind: "exec",
        about: "A process has become another program.",
        fields: &[
            PID,
            TID,
            PPID,
            UID,
            COMM,
            Field::text(
                "filename",
                "The argument of exec(2), as it was given; /dev/fd/... for a file descriptor.",
            ),
            EXE,
            EXE_CUT,
            EXE_DEV,
            EXE_INODE,
            Field::text(
                "interpreter",
                "The interpreter of a script, or of a format that the kernel does not run itself.",
            )
            .optional(),
            Field::texts(
                "args",
                "With --args: the arguments as the new program sees them, the first of them its name.",
            )
            .optional(),
            Field::flag("args_cut", "They are longer than the 4096 bytes here.").optional(),
            CGROUP,
            CONTAINER,
            RUNTIME,
            POD,
            UNIT,
            SLICE,
            NS_PID,
            PID_NS,
            MNT_NS,
        ],
    },
    Document {
        kind: "exec_failed",
        about: "With --failed: exec(2) has failed.",
        fields: &[
            PID,
            TID,
            PPID,
            UID,
            COMM,
            Field::text("filename", "What exec(2) was called with."),
            Field::text("error", "The name of the error, such as ENOENT."),
            CGROUP,
            CONTAINER,
            RUNTIME,
            POD,
            UNIT,
            SLICE,
            NS_PID,
            PID_NS,
            MNT_NS,
        ],
    },
    Document {
        kind: "exit",
        about: "A process has ended, with its last thread: by itself, with an exit_code, or by a signal.",
        fields: &[
            PID,
            TID,
            PPID,
            UID,
            COMM,
            Field::number("exit_code", "From 0 to 255.").optional(),
            Field::text("signal", "The name of the signal that ended it, such as SIGKILL.").optional(),
            Field::flag("core_dumped", "Whether that signal dumped a core.").optional(),
            Field::number(
                "duration_ns",
                "How long it lived, in nanoseconds since the event in duration_since.",
            ),
            Field::text(
                "duration_since",
                "exec: its last exec; start: the start of the process, if no exec was seen.",
            ),
            Field::number(
                "user_time_ns",
                "User time of all its threads in nanoseconds, as accounted so far: up to a tick \
                 less than wait4(2) reports.",
            )
            .optional(),
            Field::number("system_time_ns", "The same inside the kernel.").optional(),
            Field::number(
                "peak_rss_bytes",
                "The most memory that was resident at a time; 0 for a thread of the kernel.",
            )
            .optional(),
            CGROUP,
            CONTAINER,
            RUNTIME,
            POD,
            UNIT,
            SLICE,
            NS_PID,
            PID_NS,
            MNT_NS,
        ],
    },
];

const PID: Field = Field::number("pid", "The process, as the host's PID namespace counts it.");
const TID: Field = Field::number(
    "tid",
    "The thread that called exec, or that was the last to exit.",
);
const PPID: Field = Field::number("ppid", "Its parent.");
const UID: Field = Field::number("uid", "Its real user, in the host's user namespace.");
const COMM: Field = Field::text("comm", "The name of the task, at most 15 bytes.");
const EXE: Field = Field::text(
    "exe",
    "The file that runs, without symlinks: its path as in /proc/PID/exe, from the root of the mount \
     namespace. The interpreter of a script; /memfd:name for memory. It ends with \" (deleted)\" if \
     the file has lost that name. Missing if the kernel does not know the path.",
)
.optional();
const EXE_CUT: Field = Field::flag(
    "exe_cut",
    "The beginning of exe, with its /, is missing: it has more than 64 folders and mounts, or more \
     than 4096 bytes.",
)
.optional();
const EXE_DEV: Field = Field::text(
    "exe_dev",
    "The device of that file, major:minor as in /proc/PID/mountinfo. On btrfs, and on an \
     overlayfs of several file systems, stat(2) shows another one.",
)
.optional();
const EXE_INODE: Field = Field::number(
    "exe_inode",
    "The inode of that file, as in stat(2); on an overlayfs of several file systems it may differ.",
)
.optional();
const CGROUP: Field = Field::number(
    "cgroup_id",
    "The inode of its cgroup v2; that of the root if it is only in version 1.",
);
const CONTAINER: Field = Field::text(
    "container_id",
    "The innermost container that the path of its cgroup names: 64 hex digits, or on AWS Fargate 32 and \
     a number. This and the next four are from the last 32 names and 1024 bytes of that path, at the time of \
     the event.",
)
.optional();
const RUNTIME: Field = Field::text(
    "container_runtime",
    "docker, podman, containerd or cri-o, if the path says which.",
)
.optional();
const POD: Field = Field::text("pod_uid", "The uid of its pod in Kubernetes.").optional();
const UNIT: Field = Field::text(
    "systemd_unit",
    "The innermost service, scope, socket, mount or swap of systemd, as systemctl shows its name; of \
     a container's own systemd, if it has one.",
)
.optional();
const SLICE: Field = Field::text("systemd_slice", "The slice of that unit.").optional();
const NS_PID: Field = Field::number(
    "ns_pid",
    "The process id in its own PID namespace. This, the namespaces, the container and unit, exe, the \
     times and the memory are missing if the kernel preempted the BPF program that reads them.",
)
.optional();
const PID_NS: Field = Field::number("pid_ns", "That namespace, as in /proc/PID/ns/pid.").optional();
const MNT_NS: Field =
    Field::number("mnt_ns", "Its mount namespace, as in /proc/PID/ns/mnt.").optional();

/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define COMM_LEN 16

enum event_kind {
	EVENT_EXEC = 0,
	EVENT_EXIT = 1,
	EVENT_FAIL = 2, /* an exec that came to nothing */
};

/*
 * An event. It is followed by as many bytes as the members *_len say, without NULs in between: the
 * names of its cgroup and of those above it (each ends with a NUL), the same in version 1, the
 * executable's path (exe.h), the arguments (each ends with a NUL), the filename and the
 * interpreter.
 */
struct event {
	__u64 time_ns;     /* when: since boot, as CLOCK_BOOTTIME */
	__u64 cgroup;      /* id in the cgroup v2 hierarchy */
	__u64 duration_ns; /* EXIT: how long it lived */
	__u64 user_ns;     /* EXIT, details: time in user space, counted in ticks */
	__u64 system_ns;   /* EXIT, details: the same in the kernel */
	__u64 runtime_ns;  /* EXIT, details: both together, as the scheduler has measured it */
	__u64 peak_rss;    /* EXIT, details: in pages */
	__u64 exe_inode;   /* EXEC, details: of the file that runs */
	enum event_kind kind;
	__u32 pid;
	__u32 tid; /* the thread that called exec, or that was the last to exit */
	__u32 ppid;
	__u32 uid;
	__u32 ns_pid;    /* details: its pid in its own PID namespace */
	__u32 pid_ns;    /* details: that namespace */
	__u32 mnt_ns;    /* details: its mount namespace */
	__u32 status;    /* EXIT: as wait(2) gives it; FAIL: errno */
	__u32 args_size; /* EXEC: how long its arguments are in all */
	__u32 exe_dev;   /* EXEC, details: the file system of that inode: a dev_t of the kernel */
	__u16 exe_len;   /* EXEC, details */
	__u16 args_len;
	__u16 filename_len;
	__u16 interpreter_len;
	__u16 cgroup_len;    /* details */
	__u16 cgroup_v1_len; /* details */
	__u8 since_start;    /* EXIT: no exec was seen, duration is since the start */
	__u8 details;        /* whether the members with details are filled */
	__u8 has_args;       /* EXEC: --args was given */
	__u8 exe_deleted;    /* EXEC, details: the path led to it once */
	__u8 exe_cut;        /* EXEC, details: the beginning of the path is missing */
	__u8 reserved[3];
	__u8 comm[COMM_LEN];
};

BPFAPPS_RECORD(event);

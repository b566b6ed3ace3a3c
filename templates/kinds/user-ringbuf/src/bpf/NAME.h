/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define COMM_LEN 16

enum event_kind {
	KIND_WATCH = 0,  /* from now on signals to the process are reported */
	KIND_FORGET = 1, /* from now on they are not */
	KIND_SIGNAL = 2, /* somebody has sent it one */
};

/* what user space tells the kernel side to do */
struct command {
	enum event_kind kind; /* KIND_WATCH or KIND_FORGET */
	__u32 pid;
};

BPFAPPS_RECORD(command);

/* what the kernel side tells user space */
struct event {
	__u64 time_ns; /* when: since boot, as CLOCK_BOOTTIME */
	enum event_kind kind;
	__u32 pid; /* the process */
	/* of a signal; else all of these are 0 */
	__u32 signal;
	__u32 sender_pid;
	__u32 sender_uid;
	__u8 by_kernel; /* it has sent it, while the sender ran */
	__u8 reserved[3];
	__u8 sender_comm[COMM_LEN];
};

BPFAPPS_RECORD(event);

/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define COMM_LEN 16

/* what the kernel side tells user space about one birth */
struct event {
	__u64 time_ns; /* when: since boot, as CLOCK_BOOTTIME */
	__u32 pid;     /* the process that forks */
	__u32 tid;     /* and which of its threads */
	__u32 uid;
	__u32 child_pid; /* equal to pid: the child is a thread of it */
	__u32 child_tid;
	__u32 reserved;
	__u8 comm[COMM_LEN]; /* of both: a child starts with its parent's */
};

BPFAPPS_RECORD(event);

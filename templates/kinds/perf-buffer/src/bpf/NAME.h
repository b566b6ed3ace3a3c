/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define COMM_LEN 16
#define PATH_LEN 256

/* what the kernel side tells user space about one file that was opened, or was not */
struct event {
	__u64 time_ns; /* when: CLOCK_MONOTONIC, since boot without the time in suspend */
	__s32 result;  /* a file descriptor, or the negative error number */
	__u32 pid;
	__u32 tid;
	__u32 uid;
	__u8 comm[COMM_LEN];
	__u8 path[PATH_LEN]; /* as the process gave it, up to a NUL: cut where it is longer */
};

BPFAPPS_RECORD(event);

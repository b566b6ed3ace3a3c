/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define COMM_LEN 16
#define NAME_LEN 256

/* what the kernel side tells user space about one file that was to be removed */
struct event {
	__u64 time_ns;     /* when the call returned: since boot, as CLOCK_BOOTTIME */
	__u64 duration_ns; /* how long it took */
	__u32 pid;
	__u32 tid;
	__u32 uid;
	__s32 result; /* 0, or a negative number of errno(3) */
	__u8 comm[COMM_LEN];
	__u8 filename[NAME_LEN]; /* as the program gave it; ends with NUL, cut where it is longer */
};

BPFAPPS_RECORD(event);

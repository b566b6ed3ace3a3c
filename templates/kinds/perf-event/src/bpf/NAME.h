/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define COMM_LEN   16
#define MAX_FRAMES 64

/* what the kernel side tells user space about one sample */
struct event {
	__u64 time_ns; /* when: since boot, as CLOCK_BOOTTIME */
	__u32 pid;
	__u32 tid;
	__u32 cpu;
	__u16 kernel_frames; /* so many addresses count */
	__u16 user_frames;
	__u8 comm[COMM_LEN];
	__u64 kernel[MAX_FRAMES]; /* the innermost function first */
	__u64 user[MAX_FRAMES];
};

BPFAPPS_RECORD(event);

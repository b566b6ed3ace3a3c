/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define COMM_LEN 16

/* what the kernel side tells user space about one thread; its stack follows as lines of text */
struct task {
	__u64 time_ns;    /* when it was looked at: since boot, as CLOCK_BOOTTIME */
	__u64 runtime_ns; /* how long it has had a CPU so far */
	__u32 pid;
	__u32 tid;
	__u32 uid;
	__u8 state; /* a letter, as in ps(1) */
	__u8 reserved[3];
	__u8 comm[COMM_LEN];
};

BPFAPPS_RECORD(task);

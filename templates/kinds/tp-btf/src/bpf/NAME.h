/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define COMM_LEN 16

/* what the kernel side tells user space about one thread that has got its CPU at last */
struct event {
	__u64 time_ns; /* when it got it: since boot, as CLOCK_BOOTTIME */
	__u64 wait_ns; /* how long it was ready to run before */
	__u32 pid;
	__u32 tid;
	__u32 prev_pid; /* who had the CPU until then; 0 is nobody, the CPU was idle */
	__u32 prev_tid;
	__u32 cpu;
	__u32 reserved;
	__u8 comm[COMM_LEN];
	__u8 prev_comm[COMM_LEN];
};

BPFAPPS_RECORD(event);

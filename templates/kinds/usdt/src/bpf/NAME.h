/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define COMM_LEN 16
#define ARGS     6

/* what the kernel side tells user space about one hit of the probe */
struct event {
	__u64 time_ns; /* when: since boot, as CLOCK_BOOTTIME */
	__s64 args[ARGS];
	__u32 pid;
	__u32 tid;
	__u32 cpu;
	__u32 arg_count; /* so many of `args` count */
	__u8 comm[COMM_LEN];
};

BPFAPPS_RECORD(event);

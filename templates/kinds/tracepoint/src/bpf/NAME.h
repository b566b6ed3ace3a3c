/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define COMM_LEN   16
#define RECORD_LEN 256

/* what the kernel side tells user space about one hit of the tracepoint */
struct event {
	__u64 time_ns; /* when: since boot, as CLOCK_BOOTTIME */
	__u32 pid;     /* the process that hit it */
	__u32 tid;     /* and which of its threads */
	__u32 uid;
	__u32 cpu;
	__u8 comm[COMM_LEN];
	__u8 record[RECORD_LEN]; /* what the tracepoint recorded: its format in tracefs says what */
};

BPFAPPS_RECORD(event);

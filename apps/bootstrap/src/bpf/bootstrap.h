/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define COMM_LEN     16
#define FILENAME_LEN 256

enum event_kind {
	EVENT_EXEC = 0,
	EVENT_EXIT = 1,
};

/* what the kernel side tells user space about one exec or exit */
struct event {
	__u64 time_ns;     /* when: since boot, as CLOCK_BOOTTIME */
	__u64 duration_ns; /* EXIT: how long it lived */
	enum event_kind kind;
	__u32 pid;
	__u32 ppid;
	__u32 status;     /* EXIT: as wait(2) gives it */
	__u8 since_start; /* EXIT: no exec was seen, duration is since the start */
	__u8 cut;         /* EXEC: filename is longer than what stands there */
	__u8 reserved[6];
	__u8 comm[COMM_LEN];
	__u8 filename[FILENAME_LEN]; /* EXEC */
};

BPFAPPS_RECORD(event);

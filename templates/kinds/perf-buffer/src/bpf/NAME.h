/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define PATH_LEN 256

/* a file that was opened, or was not */
struct event {
	bpfapps_boot_ns time_ns; /* from the kernel: CLOCK_MONOTONIC, without the time in suspend */
	bpfapps_comm comm;
	bpfapps_pid pid;
	bpfapps_tid tid;
	bpfapps_uid uid;
	__u32 reserved;
	bpfapps_result result BPFAPPS_ABOUT("A file descriptor, or a negative error number.");
	char path[PATH_LEN] BPFAPPS_ABOUT("The argument of the call, at most 255 bytes.");
};

BPFAPPS_RECORD(event, "open", "A process has called openat(2).");

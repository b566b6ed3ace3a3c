/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define MAX_FRAMES 64

struct event {
	bpfapps_boot_ns time_ns;
	bpfapps_comm comm;
	bpfapps_pid pid;
	bpfapps_tid tid;
	bpfapps_cpu cpu;
	__u16 kernel_frames; /* so many addresses count */
	__u16 user_frames;
	bpfapps_hex kernel[MAX_FRAMES]; /* the innermost function first */
	bpfapps_hex user[MAX_FRAMES];
};

BPFAPPS_RECORD(event);

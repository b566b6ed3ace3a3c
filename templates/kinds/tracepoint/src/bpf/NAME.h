/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define RECORD_LEN 256

/* a hit of the tracepoint */
struct event {
	bpfapps_boot_ns time_ns;
	bpfapps_comm comm;
	bpfapps_pid pid;
	bpfapps_tid tid;
	bpfapps_uid uid;
	bpfapps_cpu cpu;
	__u8 record[RECORD_LEN]; /* the tracepoint's record; tracefs has its format */
};

BPFAPPS_RECORD(event);

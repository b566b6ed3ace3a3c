/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define ARGS 6

/* a hit of the probe */
struct event {
	bpfapps_boot_ns time_ns;
	bpfapps_comm comm;
	bpfapps_pid pid;
	bpfapps_tid tid BPFAPPS_NO_COLUMN;
	bpfapps_cpu cpu;
	__u32 arg_count;
	char string[128] BPFAPPS_OPTIONAL BPFAPPS_COLUMN("STRING", 6)
		BPFAPPS_ABOUT("What --string asks for, up to 127 bytes.");
	__s64 args[ARGS] BPFAPPS_COUNTED_BY(arg_count)
		BPFAPPS_ABOUT("The arguments of the probe, in their order.");
};

BPFAPPS_RECORD(event, "hit", "The probe was hit.");

/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define ARGS 4

/* a call that has returned */
struct event {
	bpfapps_boot_ns time_ns; /* when it returned */
	bpfapps_comm comm;
	bpfapps_pid pid;
	bpfapps_tid tid BPFAPPS_NO_COLUMN;
	bpfapps_ns duration_ns BPFAPPS_ABOUT("How long the call took.");
	__s64 result BPFAPPS_ABOUT("The result of the function, if it is a signed number.");
	char string[128] BPFAPPS_OPTIONAL BPFAPPS_COLUMN("STRING", 6)
		BPFAPPS_ABOUT("What --string asks for, up to 127 bytes.");
	bpfapps_hex args[ARGS] BPFAPPS_ABOUT(
		"The arguments in order; if there are fewer, the rest is chance.");
};

BPFAPPS_RECORD(event, "call", "A call of the function has returned.");

/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define ARGS     4
#define NAME_LEN 64

/* a call that has returned */
struct event {
	bpfapps_boot_ns time_ns; /* when it returned */
	bpfapps_comm comm;
	bpfapps_pid pid;
	bpfapps_tid tid;
	bpfapps_ns duration_ns BPFAPPS_ABOUT("How long the call took.");
	bpfapps_result result BPFAPPS_ABOUT("The result of the function, if it is a number.");
	char name[NAME_LEN] BPFAPPS_OPTIONAL
		BPFAPPS_ABOUT("The name of the file, if an argument is a struct dentry.");
	bpfapps_hex args[ARGS] BPFAPPS_ABOUT(
		"The arguments in order; if there are fewer, the rest is chance.");
};

BPFAPPS_RECORD(event, "call", "A call of the function has returned.");

/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define NAME_LEN 256

enum outcome {
	OUTCOME_REMOVED = 0,
	OUTCOME_FAILED = 1,
};

/* a file that was to be removed */
struct event {
	bpfapps_boot_ns time_ns; /* when the call returned */
	bpfapps_comm comm;
	bpfapps_pid pid;
	bpfapps_tid tid BPFAPPS_NO_COLUMN;
	bpfapps_uid uid;
	enum outcome outcome BPFAPPS_KIND(OUTCOME_REMOVED, "A file has been removed.")
		BPFAPPS_KIND(OUTCOME_FAILED, "Removing a file has failed.");
	bpfapps_ns duration_ns BPFAPPS_ABOUT("How long it took.");
	bpfapps_errno error BPFAPPS_ONLY(OUTCOME_FAILED)
		BPFAPPS_ABOUT("The error, such as ENOENT.");
	__u32 reserved;
	char filename[NAME_LEN] BPFAPPS_ABOUT("The argument of the call: at most 255 bytes.");
};

BPFAPPS_RECORD(event);

/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

/* what is counted by: every byte of it must be set */
struct process {
	bpfapps_comm comm;
	bpfapps_pid pid;
};

/* what is counted */
struct counts {
	bpfapps_count hits BPFAPPS_ABOUT("How often it hit the tracepoint.");
};

BPFAPPS_COUNTED(hits, process, counts, "hits", "The hits of a process so far.");

/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

/* what is counted by: every byte of it must be set */
struct command {
	bpfapps_comm comm;
};

/* what is counted */
struct counts {
	bpfapps_log2 latency_ns BPFAPPS_ABOUT("How long the calls took.");
};

BPFAPPS_COUNTED(calls, command, counts, "calls", "The calls by a command so far.");

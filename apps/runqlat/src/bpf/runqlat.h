/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

/* what is counted by: nothing, unless --by says so */
struct thread {
	bpfapps_cgroup cgroup BPFAPPS_OPTIONAL;
	bpfapps_pid pid BPFAPPS_OPTIONAL;
	bpfapps_comm comm BPFAPPS_OPTIONAL;
	__u32 reserved;
};

struct counts {
	bpfapps_log2 latency_ns BPFAPPS_ABOUT("How long threads that could run waited for a CPU.");
};

BPFAPPS_COUNTED(waits, thread, counts, "waits", "The times that threads waited so far.");

/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

/* a thread that has got its CPU at last */
struct event {
	bpfapps_boot_ns time_ns;
	bpfapps_comm comm;
	bpfapps_pid pid;
	bpfapps_tid tid;
	bpfapps_cpu cpu BPFAPPS_ABOUT("The CPU that it got.");
	__u32 reserved;
	bpfapps_ns wait_ns BPFAPPS_ABOUT("How long it waited.");
	bpfapps_comm prev_comm BPFAPPS_ABOUT("The name of the thread that had the CPU until then.");
	bpfapps_tid prev_tid BPFAPPS_ABOUT("That thread; 0 if the CPU was idle, or if the thread "
					   "is outside of this container.");
	bpfapps_pid prev_pid BPFAPPS_NO_COLUMN BPFAPPS_ABOUT("Its process.");
};

BPFAPPS_RECORD(event, "wait", "A thread that was ready to run got a CPU.");

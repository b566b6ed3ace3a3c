/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

/* a sample of a CPU */
struct event {
	bpfapps_boot_ns time_ns;
	bpfapps_comm comm;
	bpfapps_pid pid;
	bpfapps_tid tid;
	bpfapps_cpu cpu;
	__u32 reserved;
	bpfapps_kernel_stack kernel_stack;
	bpfapps_user_stack user_stack;
};

BPFAPPS_RECORD(event, "sample", "A CPU was busy with this.");

/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

/* user space makes it: the kernel has the count alone */
struct calls {
	bpfapps_boot_ns time_ns;
	__u64 count BPFAPPS_COLUMN("CALLS", 10)
		BPFAPPS_ABOUT("Number of calls since the last report.");
	char function[512] BPFAPPS_ABOUT("The name of the function.");
};

BPFAPPS_RECORD(calls, "calls", "A function was called.");

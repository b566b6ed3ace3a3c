/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

/* one line of bpf_printk */
struct trace_line {
	__u64 time_ns; /* when: as CLOCK_MONOTONIC */
	__u32 pid;
	__u32 cpu;
	__u8 comm[16];
	__u8 text[1024]; /* the kernel writes no longer ones */
};

BPFAPPS_RECORD(trace_line);

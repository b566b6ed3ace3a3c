/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

/* frames of the kernel and of user space: what kernel.perf_event_max_stack is unless changed */
#define DEPTH 127

/* samples of one stack */
struct stack {
	__u64 count;
	__u64 space; /* address space: another one after exec */
	__u32 pid;   /* 0 outside the PID namespace of user space */
	__u32 kernel_depth;
	__u32 user_depth;
	__u32 reserved;
	__u8 comm[16];
	__u64 kernel[DEPTH]; /* the innermost function first */
	__u64 user[DEPTH];
};

BPFAPPS_RECORD(stack);

/* a stack that was not in the map: user space reads the mappings of the process while it lives */
struct seen {
	__u64 space;
	__u32 pid;
	__u32 ended; /* the process of --pid has ended */
};

BPFAPPS_RECORD(seen);

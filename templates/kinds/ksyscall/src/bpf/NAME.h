/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define COMM_LEN 16
#define ARGS     6

/* what the kernel side tells user space about one system call that has returned */
struct event {
	__u64 time_ns;     /* when it returned: since boot, as CLOCK_BOOTTIME */
	__u64 duration_ns; /* how long it took */
	__s64 result;      /* a negative one is an error of errno(3) */
	__u64 args[ARGS];  /* in the order of the manual, as far as it has so many */
	__u32 pid;
	__u32 tid;
	__u8 comm[COMM_LEN];
};

BPFAPPS_RECORD(event);

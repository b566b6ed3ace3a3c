/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define COMM_LEN    16
#define ADDRESS_LEN 16

/* what the kernel side tells user space about one connection that is to be opened */
struct event {
	__u64 time_ns; /* when: since boot, as CLOCK_BOOTTIME */
	__u64 cgroup;  /* the id of the cgroup v2 */
	__u32 pid;
	__u32 tid;
	__u32 uid;
	__u16 family; /* 4 or 6: so long the address is, or 16 bytes */
	__u16 port;
	__u32 denied; /* 1: by us */
	__u32 reserved;
	__u8 comm[COMM_LEN];
	__u8 address[ADDRESS_LEN];
};

BPFAPPS_RECORD(event);

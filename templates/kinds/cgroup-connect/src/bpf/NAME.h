/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define COMM_LEN    16
#define ADDRESS_LEN 16

/* what the kernel side tells user space about one call of connect */
struct event {
	__u64 time_ns; /* when: since boot, as CLOCK_BOOTTIME */
	__u32 pid;
	__u32 tid;
	__u32 uid;
	__u16 port;
	__u8 protocol; /* as in an IP header */
	__u8 denied;
	__u8 address[ADDRESS_LEN];
	__u8 comm[COMM_LEN];
};

BPFAPPS_RECORD(event);

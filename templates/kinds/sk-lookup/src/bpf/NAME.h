/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define ADDRESS_LEN 16

/* what the kernel side tells user space about one connection that is asked for */
struct event {
	__u64 time_ns; /* when: since boot, as CLOCK_BOOTTIME */
	__u16 local_port;
	__u16 remote_port;
	__u32 steered; /* 1: to the socket that user space chose */
	__u8 local[ADDRESS_LEN];
	__u8 remote[ADDRESS_LEN];
};

BPFAPPS_RECORD(event);

/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define ADDRESS_LEN 16

/* what the kernel side tells user space about one connection that has ended */
struct event {
	__u64 time_ns;     /* when: since boot, as CLOCK_BOOTTIME */
	__u64 duration_ns; /* how long it had this congestion control */
	__u32 window;      /* the last congestion window, in segments */
	__u32 max_window;
	__u32 threshold; /* of slow start, at the end */
	__u32 losses;    /* how often the window was made smaller */
	__u16 local_port;
	__u16 remote_port;
	__u32 zero;
	__u8 local[ADDRESS_LEN];
	__u8 remote[ADDRESS_LEN];
};

BPFAPPS_RECORD(event);

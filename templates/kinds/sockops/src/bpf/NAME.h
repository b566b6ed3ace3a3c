/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define ADDRESS_LEN 16

/* what the kernel side tells user space about one connection that has ended */
struct event {
	__u64 time_ns;     /* when: since boot, as CLOCK_BOOTTIME */
	__u64 duration_ns; /* since both sides had agreed */
	__u64 acked;       /* bytes that the other side has acknowledged */
	__u64 received;    /* bytes that came from the other side */
	__u32 rtt_us;      /* smoothed time of a round trip */
	__u32 retransmits; /* segments that were sent again */
	__u16 local_port;
	__u16 remote_port;
	__u32 accepted; /* 1: the other side asked for it, 0: this one did */
	__u8 local[ADDRESS_LEN];
	__u8 remote[ADDRESS_LEN];
};

BPFAPPS_RECORD(event);

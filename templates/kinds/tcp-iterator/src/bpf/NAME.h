/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define ADDRESS_LEN 16

/* what the kernel side tells user space about one socket */
struct tcp {
	__u64 time_ns;       /* when it was looked at: since boot, as CLOCK_BOOTTIME */
	__u32 uid;           /* whose it is */
	__u32 family;        /* 4 or 6: so long the addresses are, or 16 bytes */
	__u32 state;         /* TCP_ESTABLISHED and so on */
	__u32 receive_queue; /* bytes to be read; connections to be accepted where it listens */
	__u32 send_queue;    /* bytes that the other side has not acknowledged */
	__u32 rtt_us;        /* smoothed round-trip time */
	__u32 window;        /* congestion window, in packets */
	__u32 retransmits;   /* packets that were sent again, so far */
	__u16 local_port;
	__u16 remote_port;
	__u32 reserved;
	__u8 local[ADDRESS_LEN];
	__u8 remote[ADDRESS_LEN];
};

BPFAPPS_RECORD(tcp);

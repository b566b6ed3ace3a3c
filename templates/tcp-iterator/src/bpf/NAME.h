/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

/* what the kernel side tells user space about one socket */
struct socket_info {
	__u64 time_ns;       /* when it was looked at: since boot, as CLOCK_BOOTTIME */
	__u64 inode;         /* as in /proc/PID/fd; 0 where no process has it open */
	__u32 uid;           /* whose it is */
	__u32 family;        /* AF_INET or AF_INET6 */
	__u32 receive_queue; /* bytes not read yet; listening: connections that wait */
	__u32 send_queue;    /* bytes not acknowledged yet; listening: how many may wait */
	__u32 rtt_us;        /* smoothed round-trip time */
	__u32 retransmits;   /* segments that were sent again, so far */
	__u16 local_port;
	__u16 remote_port;
	__u8 state; /* as in TCP_ESTABLISHED, which is 1 */
	__u8 reserved[3];
	__u8 local[16]; /* the address; one of IPv4 has 4 bytes */
	__u8 remote[16];
};

BPFAPPS_RECORD(socket_info);

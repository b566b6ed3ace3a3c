/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/packet.h>
#include <bpfapps/record.h>

/* what the kernel side tells user space about the first packet of a flow */
struct event {
	__u64 time_ns; /* when: since boot, as CLOCK_BOOTTIME */
	__u32 bytes;   /* of this packet */
	__u16 outgoing;
	__u16 dropped;
	struct bpfapps_packet packet;
};

BPFAPPS_RECORD(event);

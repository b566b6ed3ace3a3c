/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/packet.h>
#include <bpfapps/record.h>

/* what the kernel side tells user space about one packet */
struct event {
	__u64 time_ns; /* when: since boot, as CLOCK_BOOTTIME */
	__u32 bytes;   /* the whole packet, as the interface has it */
	__u32 outgoing;
	struct bpfapps_packet packet;
};

BPFAPPS_RECORD(event);

/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/packet.h>
#include <bpfapps/record.h>

#define NAME_LEN 16

/* what the kernel side tells user space about the first packet of a flow */
struct event {
	__u64 time_ns; /* when: since boot, as CLOCK_BOOTTIME */
	__u32 bytes;   /* of this packet, from its IP header on */
	__u32 dropped;
	struct bpfapps_packet packet;
	__u8 in[NAME_LEN];  /* the interface that it came by, if it did */
	__u8 out[NAME_LEN]; /* the interface that it leaves by, if that is known */
};

BPFAPPS_RECORD(event);

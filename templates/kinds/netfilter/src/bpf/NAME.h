/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/packet.h>
#include <bpfapps/record.h>

#define NAME_LEN 16

enum verdict {
	VERDICT_ACCEPT = 0,
	VERDICT_DROP = 1,
};

/* the first packet of a flow */
struct event {
	bpfapps_boot_ns time_ns;
	enum verdict verdict BPFAPPS_ABOUT("The verdict on this packet.");
	char in[NAME_LEN] BPFAPPS_OPTIONAL BPFAPPS_COLUMN("IN", 8)
		BPFAPPS_ABOUT("The interface by which it came in.");
	char out[NAME_LEN] BPFAPPS_OPTIONAL BPFAPPS_COLUMN("OUT", 8)
		BPFAPPS_ABOUT("The interface by which it leaves, if known.");
	struct bpfapps_packet packet;
	__u32 reserved;
	bpfapps_bytes bytes BPFAPPS_ABOUT("The length of this packet, from its IP header on.");
};

BPFAPPS_RECORD(event, "flow", "The first packet of a flow has come to the hook.");

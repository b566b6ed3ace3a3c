/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/packet.h>
#include <bpfapps/record.h>

enum direction {
	DIRECTION_IN = 0,
	DIRECTION_OUT = 1,
};

struct event {
	bpfapps_boot_ns time_ns;
	enum direction direction BPFAPPS_COLUMN("DIR", 3)
		BPFAPPS_ABOUT("out: this machine sent it; in: it came in.");
	struct bpfapps_packet packet;
	__u32 reserved;
	bpfapps_bytes bytes BPFAPPS_COLUMN("BYTES", 5)
		BPFAPPS_ABOUT("The size of the whole packet at the interface.");
	bpfapps_tcp_flags flags;
	__u8 reserved2[7];
};

BPFAPPS_RECORD(event, "packet", "A packet has passed the interface.");

/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/packet.h>
#include <bpfapps/record.h>

enum direction {
	DIRECTION_IN = 0,
	DIRECTION_OUT = 1,
};

enum verdict {
	VERDICT_PASS = 0,
	VERDICT_DROP = 1,
};

/* the first packet of a flow */
struct event {
	bpfapps_boot_ns time_ns;
	enum direction direction BPFAPPS_COLUMN("DIR", 3)
		BPFAPPS_ABOUT("out: it leaves by the interface; in: it came in by it.");
	enum verdict verdict BPFAPPS_COLUMN("VERDICT", 7)
		BPFAPPS_ABOUT("The verdict on this packet.");
	struct bpfapps_packet packet;
	bpfapps_bytes bytes BPFAPPS_ABOUT("The length of this packet.");
};

BPFAPPS_RECORD(event, "flow",
	       "The first packet of a flow has passed the interface, or was dropped there.");

/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

enum verdict {
	VERDICT_PASS = 0,
	VERDICT_DROP = 1,
};

struct event {
	bpfapps_boot_ns time_ns;
	bpfapps_address source BPFAPPS_ABOUT("The source address, IPv4 or IPv6.");
	enum verdict verdict BPFAPPS_COLUMN("VERDICT", 7)
		BPFAPPS_ABOUT("The verdict on all of its packets.");
	__u32 reserved;
	__u64 packets BPFAPPS_ABOUT("Number of packets.");
	bpfapps_bytes bytes BPFAPPS_ABOUT("Number of bytes, including Ethernet headers.");
};

BPFAPPS_RECORD(event, "source", "Packets from an address since its last report.");

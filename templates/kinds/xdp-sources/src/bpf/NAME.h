/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

enum verdict {
	VERDICT_PASS = 0,
	VERDICT_DROP = 1,
};

struct event {
	bpfapps_boot_ns time_ns;
	bpfapps_address source BPFAPPS_ABOUT("The address that it comes from, IPv4 or IPv6.");
	enum verdict verdict BPFAPPS_COLUMN("VERDICT", 7)
		BPFAPPS_ABOUT("Whether each packet was dropped, or none.");
	__u32 reserved;
	__u64 packets BPFAPPS_ABOUT("How many packets.");
	bpfapps_bytes bytes BPFAPPS_ABOUT("How many bytes, the Ethernet headers included.");
};

BPFAPPS_RECORD(event, "source", "What has come from an address since it was last reported.");

/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

/* packets of one protocol; user space sets the time and the protocol */
struct traffic {
	bpfapps_boot_ns time_ns;
	bpfapps_protocol protocol BPFAPPS_COLUMN("PROTOCOL", 8)
		BPFAPPS_ABOUT("The protocol of the IP header: tcp, udp and so on, or its number.");
	__u8 reserved[7];
	__u64 packets BPFAPPS_ABOUT("Number of packets.");
	bpfapps_bytes bytes BPFAPPS_ABOUT("Number of bytes, including Ethernet headers.");
};

BPFAPPS_RECORD(traffic, "traffic", "IP packets of one protocol, since the last report.");

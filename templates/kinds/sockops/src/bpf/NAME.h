/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

enum side {
	SIDE_CONNECT = 0,
	SIDE_ACCEPT = 1,
};

/* a connection that has ended */
struct event {
	bpfapps_boot_ns time_ns;
	enum side side BPFAPPS_ABOUT("accept: the remote side opened it; connect: this side did.");
	bpfapps_port local_port BPFAPPS_ABOUT("The port on this side.");
	bpfapps_port remote_port BPFAPPS_ABOUT("The port on the other side.");
	bpfapps_address local BPFAPPS_COLUMN("LOCAL", 21)
		BPFAPPS_ABOUT("The address on this side.");
	bpfapps_address remote BPFAPPS_COLUMN("REMOTE", 21)
		BPFAPPS_ABOUT("The address on the other side.");
	bpfapps_ns duration_ns BPFAPPS_ABOUT("The time from handshake to end.");
	bpfapps_ns rtt_ns BPFAPPS_COLUMN("RTT_MS", 7)
		BPFAPPS_ABOUT("The smoothed round-trip time.");
	__u32 retransmits BPFAPPS_COLUMN("AGAIN", 5)
		BPFAPPS_ABOUT("Number of segments that this side retransmitted.");
	__u32 reserved;
	bpfapps_bytes acked
		BPFAPPS_ABOUT("Bytes that the other side acknowledged, including SYN and FIN.");
	bpfapps_bytes received BPFAPPS_ABOUT("Bytes that the other side sent, including FIN.");
};

BPFAPPS_RECORD(event, "connection",
	       "A TCP connection has ended, of those that began after this did.");

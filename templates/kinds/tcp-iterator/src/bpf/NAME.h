/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

/* as the kernel numbers them: include/net/tcp_states.h */
enum socket_state {
	STATE_ESTABLISHED = 1,
	STATE_SYN_SENT,
	STATE_SYN_RECV,
	STATE_FIN_WAIT_1,
	STATE_FIN_WAIT_2,
	STATE_TIME_WAIT,
	STATE_CLOSE,
	STATE_CLOSE_WAIT,
	STATE_LAST_ACK,
	STATE_LISTEN,
	STATE_CLOSING,
	STATE_NEW_SYN_RECV,
	STATE_BOUND_INACTIVE,
};

/* a socket, as it was at that time */
struct tcp {
	bpfapps_boot_ns time_ns;
	enum socket_state state BPFAPPS_COLUMN("STATE", 12)
		BPFAPPS_ABOUT("The state, such as established.");
	bpfapps_port local_port BPFAPPS_ABOUT("The local port.");
	bpfapps_port remote_port BPFAPPS_ABOUT("The remote port; 0 without one.");
	bpfapps_address local BPFAPPS_ABOUT("The local address.");
	bpfapps_address remote BPFAPPS_ABOUT("The remote address.");
	bpfapps_uid uid BPFAPPS_ABOUT("The user of the socket.");
	__u32 receive_queue BPFAPPS_COLUMN("RECVQ", 7)
		BPFAPPS_ABOUT("Bytes to be read, or connections to be accepted.");
	__u32 send_queue BPFAPPS_COLUMN("SENDQ", 7)
		BPFAPPS_ABOUT("Bytes that the other side has not acknowledged.");
	__u32 reserved;
	bpfapps_ns rtt_ns BPFAPPS_COLUMN("RTT_MS", 8)
		BPFAPPS_ABOUT("The smoothed round-trip time; 0: unknown.");
	__u32 window BPFAPPS_ABOUT("The congestion window, in packets.");
	__u32 retransmits BPFAPPS_COLUMN("AGAIN", 5) BPFAPPS_ABOUT("Packets retransmitted so far.");
};

BPFAPPS_RECORD(tcp, "socket", "The state of a socket at that time.");

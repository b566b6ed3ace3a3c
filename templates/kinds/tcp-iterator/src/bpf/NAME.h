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
	bpfapps_port local_port BPFAPPS_ABOUT("The own port.");
	bpfapps_port remote_port BPFAPPS_ABOUT("The other side's port; 0 where there is none.");
	bpfapps_address local BPFAPPS_ABOUT("The own address.");
	bpfapps_address remote BPFAPPS_ABOUT("The other side's address.");
	bpfapps_uid uid BPFAPPS_ABOUT("The user whose it is.");
	__u32 receive_queue BPFAPPS_COLUMN("RECVQ", 7)
		BPFAPPS_ABOUT("Bytes to be read, or connections to be accepted.");
	__u32 send_queue BPFAPPS_COLUMN("SENDQ", 7)
		BPFAPPS_ABOUT("Bytes that the other side has not acknowledged.");
	__u32 reserved;
	bpfapps_ns rtt_ns BPFAPPS_COLUMN("RTT_MS", 8)
		BPFAPPS_ABOUT("The smoothed round-trip time; 0: unknown.");
	__u32 window BPFAPPS_ABOUT("The congestion window, in packets.");
	__u32 retransmits BPFAPPS_COLUMN("AGAIN", 5)
		BPFAPPS_ABOUT("Packets that were sent again, so far.");
};

BPFAPPS_RECORD(tcp, "socket", "A socket, as it was at that time.");

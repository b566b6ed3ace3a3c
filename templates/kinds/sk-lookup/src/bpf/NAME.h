/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

/* a connection that is asked for */
struct event {
	bpfapps_boot_ns time_ns;
	bpfapps_address remote BPFAPPS_ABOUT("The remote address.");
	bpfapps_address local BPFAPPS_ABOUT("The local address.");
	bpfapps_port remote_port BPFAPPS_ABOUT("The remote port.");
	bpfapps_port local_port BPFAPPS_ABOUT("The local port.");
	bpfapps_bool steered BPFAPPS_ABOUT("True if it goes to the socket chosen with --to.");
	__u8 reserved[3];
};

BPFAPPS_RECORD(event, "request", "A request for a TCP connection.");

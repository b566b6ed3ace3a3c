/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

/* a connection that is asked for */
struct event {
	bpfapps_boot_ns time_ns;
	bpfapps_address remote BPFAPPS_ABOUT("The address that it comes from.");
	bpfapps_address local BPFAPPS_ABOUT("The address that it is for.");
	bpfapps_port remote_port BPFAPPS_ABOUT("The port that it comes from.");
	bpfapps_port local_port BPFAPPS_ABOUT("The port that it is for.");
	bpfapps_bool steered
		BPFAPPS_ABOUT("Whether it goes to the socket that was chosen for its port.");
	__u8 reserved[3];
};

BPFAPPS_RECORD(event, "request", "Somebody asks for a TCP connection.");

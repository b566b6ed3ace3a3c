/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

/* a connection that has ended */
struct event {
	bpfapps_boot_ns time_ns;
	bpfapps_address local BPFAPPS_COLUMN("LOCAL", 21)
		BPFAPPS_ABOUT("The address on this side.");
	bpfapps_address remote BPFAPPS_COLUMN("REMOTE", 21)
		BPFAPPS_ABOUT("The address on the other side.");
	bpfapps_port local_port BPFAPPS_ABOUT("The port on this side.");
	bpfapps_port remote_port BPFAPPS_ABOUT("The port on the other side.");
	__u32 reserved;
	bpfapps_ns duration_ns BPFAPPS_ABOUT("How long it used this congestion control.");
	__u32 window BPFAPPS_ABOUT("The congestion window at the end, in segments.");
	__u32 max_window BPFAPPS_COLUMN("MAX", 6) BPFAPPS_ABOUT("The largest one.");
	__u32 losses BPFAPPS_ABOUT("Number of reductions of the window.");
	__u32 threshold BPFAPPS_OPTIONAL
		BPFAPPS_ABOUT("The slow start threshold after the last loss, in segments.");
};

BPFAPPS_RECORD(event, "connection", "A connection with this congestion control has ended.");

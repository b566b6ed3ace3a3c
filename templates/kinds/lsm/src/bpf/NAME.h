/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

enum verdict {
	VERDICT_CONNECT = 0,
	VERDICT_DENIED = 1, /* by us */
};

/* a connection that is to be opened */
struct event {
	bpfapps_boot_ns time_ns;
	bpfapps_comm comm;
	bpfapps_pid pid;
	bpfapps_tid tid BPFAPPS_NO_COLUMN;
	bpfapps_uid uid;
	enum verdict verdict BPFAPPS_KIND(
		VERDICT_CONNECT, "A program opens a connection, or sets where a socket sends to.")
		BPFAPPS_KIND(VERDICT_DENIED,
			     "A program was to open a connection, and was denied it.");
	bpfapps_cgroup cgroup BPFAPPS_NO_COLUMN;
	bpfapps_address address BPFAPPS_COLUMN("REMOTE", 24) BPFAPPS_ABOUT("The destination.");
	bpfapps_port port BPFAPPS_ABOUT("The destination port.");
	__u8 reserved[6];
};

BPFAPPS_RECORD(event);

/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

enum verdict {
	VERDICT_ALLOW = 0,
	VERDICT_DENY = 1,
};

/* a call of connect */
struct event {
	bpfapps_boot_ns time_ns;
	bpfapps_comm comm;
	bpfapps_pid pid;
	bpfapps_tid tid BPFAPPS_NO_COLUMN;
	bpfapps_uid uid;
	enum verdict verdict BPFAPPS_ABOUT("deny: the process got EPERM.");
	bpfapps_protocol protocol;
	__u8 reserved[5];
	bpfapps_port destination_port BPFAPPS_ABOUT("The destination port.");
	bpfapps_address destination BPFAPPS_ABOUT("The destination address.");
};

BPFAPPS_RECORD(event, "connect", "A process has called connect.");

/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define HOST_LEN 256

enum what {
	LOOKUP = 0,  /* a call of getaddrinfo that has returned */
	CONNECT = 1, /* a call of connect, as it begins */
};

/* results of getaddrinfo, from netdb.h */
enum eai {
	EAI_BADFLAGS = -1,
	EAI_NONAME = -2,
	EAI_AGAIN = -3,
	EAI_FAIL = -4,
	EAI_NODATA = -5,
	EAI_FAMILY = -6,
	EAI_SOCKTYPE = -7,
	EAI_SERVICE = -8,
	EAI_MEMORY = -10,
	EAI_SYSTEM = -11,
};

struct event {
	bpfapps_boot_ns time_ns;
	bpfapps_comm comm;
	bpfapps_pid pid;
	bpfapps_tid tid BPFAPPS_NO_COLUMN;
	enum what what BPFAPPS_KIND(LOOKUP, "A program has looked up a name.")
		BPFAPPS_KIND(CONNECT, "A program connects to an address.");
	enum eai error BPFAPPS_ONLY(LOOKUP) BPFAPPS_OPTIONAL BPFAPPS_COLUMN("ERROR", 8)
		BPFAPPS_ABOUT("The error: noname is EAI_NONAME in getaddrinfo(3).");
	bpfapps_ns duration_ns BPFAPPS_ONLY(LOOKUP) BPFAPPS_ABOUT("How long it took.");
	char host[HOST_LEN] BPFAPPS_OPTIONAL BPFAPPS_COLUMN("HOST", 28)
		BPFAPPS_ABOUT("The name that the process has looked up, at most 255 bytes.");
	bpfapps_address address BPFAPPS_OPTIONAL
		BPFAPPS_ABOUT("The first result of the lookup, or the destination.");
	bpfapps_port port BPFAPPS_ONLY(CONNECT);
	__u8 reserved[6];
};

BPFAPPS_RECORD(event);

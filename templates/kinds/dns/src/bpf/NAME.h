/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define ADDRESS_LEN 16
#define COMM_LEN    16
#define HOST_LEN    256

/* what the kernel side tells user space about */
enum what {
	LOOKUP = 0,  /* a call of getaddrinfo that has returned */
	CONNECT = 1, /* a call of connect, as it begins */
};

struct event {
	__u64 time_ns;     /* when: since boot, as CLOCK_BOOTTIME */
	__u64 duration_ns; /* of a lookup */
	enum what what;
	__s32 result; /* of a lookup: 0, or EAI_… */
	__u32 pid;
	__u32 tid;
	__u32 has_address; /* a lookup that fails has none */
	__u16 port;        /* of a connect */
	__u16 zero;
	__u8 address[ADDRESS_LEN]; /* the first that was found, or where to */
	__u8 comm[COMM_LEN];
	__u8 host[HOST_LEN]; /* what was looked up; of a connect, if it is known */
};

BPFAPPS_RECORD(event);

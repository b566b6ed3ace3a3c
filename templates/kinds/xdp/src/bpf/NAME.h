/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define ADDRESS_LEN 16

/* what has come from one source since it was last reported */
struct event {
	__u64 time_ns; /* when: since boot, as CLOCK_BOOTTIME */
	__u64 packets;
	__u64 bytes;
	__u32 dropped; /* 1: each of them was, 0: none */
	__u32 zero;
	__u8 source[ADDRESS_LEN];
};

BPFAPPS_RECORD(event);

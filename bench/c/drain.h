/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#define PAIRS       128 /* records of each kind, of one run */
#define RECORD_SIZE 4096

struct record {
	__u32 size;
	__u8 data[RECORD_SIZE];
};

/* what the ring buffer is filled with */
struct records {
	struct record exec;
	struct record exit;
};

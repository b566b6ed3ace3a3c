/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

/* writes of a process since the program was attached */
struct writes {
	__u64 calls;
	__u64 bytes; /* that it wanted to write */
};

BPFAPPS_RECORD(writes);

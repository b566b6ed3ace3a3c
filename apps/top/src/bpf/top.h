/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

enum kind {
	KIND_PROGRAM,
	KIND_MAP,
};

/* a process that holds a program or map by a file descriptor */
struct holder {
	enum kind kind;
	__u32 id;
	bpfapps_pid pid;
	bpfapps_comm comm;
};

BPFAPPS_RECORD(holder);

/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

enum birth {
	BIRTH_PROCESS = 0,
	BIRTH_THREAD = 1,
};

struct event {
	bpfapps_boot_ns time_ns;
	enum birth birth BPFAPPS_KIND(BIRTH_PROCESS,
				      "A process has forked: the child is one of its own.")
		BPFAPPS_KIND(BIRTH_THREAD, "A process has started a thread.");
	bpfapps_comm comm; /* of both: a child starts with its parent's */
	bpfapps_pid pid;
	bpfapps_tid tid BPFAPPS_ABOUT("The thread of it that did it.");
	bpfapps_uid uid;
	bpfapps_pid child_pid BPFAPPS_NO_COLUMN
		BPFAPPS_ABOUT("The process that the child is, or that it is a thread of.");
	bpfapps_tid child_tid BPFAPPS_COLUMN("CHILD", 7)
		BPFAPPS_ABOUT("The child's first thread, or the thread that it is.");
};

BPFAPPS_RECORD(event);

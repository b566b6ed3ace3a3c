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
	bpfapps_tid tid BPFAPPS_ABOUT("Its thread that forked.");
	bpfapps_uid uid;
	bpfapps_pid child_pid BPFAPPS_NO_COLUMN
		BPFAPPS_ABOUT("The new process, or the process of the new thread.");
	bpfapps_tid child_tid BPFAPPS_COLUMN("CHILD", 7)
		BPFAPPS_ABOUT("The new thread, or the first thread of the new process.");
};

BPFAPPS_RECORD(event);

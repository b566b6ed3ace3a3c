/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

/* a thread; its stack follows as lines of text */
struct task {
	bpfapps_boot_ns time_ns; /* when it was read */
	bpfapps_ns runtime_ns;   /* how long it has had a CPU so far */
	bpfapps_pid pid;
	bpfapps_tid tid;
	bpfapps_uid uid;
	__u8 state; /* a letter, as in ps(1) */
	__u8 reserved[3];
	bpfapps_comm comm;
};

BPFAPPS_RECORD(task);

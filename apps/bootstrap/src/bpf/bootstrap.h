/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

enum event_kind {
	EVENT_EXEC = 0,
	EVENT_EXIT = 1,
};

enum since {
	SINCE_EXEC = 0,
	SINCE_START = 1,
};

/* an event; the filename follows it */
struct event {
	bpfapps_boot_ns time_ns;
	enum event_kind kind BPFAPPS_KIND(EVENT_EXEC, "A process has become another program.")
		BPFAPPS_KIND(EVENT_EXIT, "A process has ended, with its last thread.");
	bpfapps_pid pid;
	bpfapps_tid tid BPFAPPS_ABOUT("The thread that called exec, or that was the last to exit.");
	bpfapps_pid ppid BPFAPPS_ABOUT("Its parent.");
	bpfapps_uid uid;
	bpfapps_exit_status status BPFAPPS_ONLY(EVENT_EXIT);
	bpfapps_ns duration_ns BPFAPPS_ONLY(EVENT_EXIT)
		BPFAPPS_ABOUT("How long it lived, since what duration_since says.");
	enum since duration_since BPFAPPS_ONLY(EVENT_EXIT)
		BPFAPPS_ABOUT("exec: its last one; start: of the process, if no exec was seen.");
	bpfapps_text filename BPFAPPS_ONLY(EVENT_EXEC)
		BPFAPPS_ABOUT("The program, as exec(2) got it.");
	__u8 reserved[2];
	bpfapps_comm comm;
};

BPFAPPS_RECORD(event);

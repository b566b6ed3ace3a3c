/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

enum event_kind {
	KIND_WATCH = 0,  /* from now on signals to the process are reported */
	KIND_FORGET = 1, /* from now on they are not */
	KIND_SIGNAL = 2, /* it was sent one */
};

/* a command from user space to the BPF side */
struct command {
	enum event_kind kind; /* KIND_WATCH or KIND_FORGET */
	bpfapps_pid pid;
};

BPFAPPS_RECORD(command);

/* an event from the BPF side to user space */
struct event {
	bpfapps_boot_ns time_ns;
	enum event_kind kind BPFAPPS_COLUMN("EVENT", 6) BPFAPPS_KIND(
		KIND_WATCH,
		"A command was executed: from now on signals to the process are reported.")
		BPFAPPS_KIND(KIND_FORGET,
			     "A command was followed: signals to the process are reported no more.")
			BPFAPPS_KIND(KIND_SIGNAL, "The process was sent a signal.");
	bpfapps_pid pid BPFAPPS_ABOUT("The target of the signal or command.");
	bpfapps_signal signal BPFAPPS_ONLY(KIND_SIGNAL)
		BPFAPPS_ABOUT("The signal, such as SIGTERM.");
	bpfapps_comm sender_comm BPFAPPS_ONLY(KIND_SIGNAL)
		BPFAPPS_ABOUT("The name of the sending thread, or of the thread that ran then.");
	bpfapps_pid sender_pid BPFAPPS_ONLY(KIND_SIGNAL)
		BPFAPPS_ABOUT("The process of that thread.");
	bpfapps_uid sender_uid BPFAPPS_ONLY(KIND_SIGNAL) BPFAPPS_ABOUT("The user of that thread.");
	bpfapps_bool by_kernel BPFAPPS_ONLY(KIND_SIGNAL)
		BPFAPPS_ABOUT("True if the kernel sent it because of an event in that thread.");
	__u8 reserved[3];
};

BPFAPPS_RECORD(event);

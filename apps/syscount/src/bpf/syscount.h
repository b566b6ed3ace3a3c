/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

/* what is counted by: the process only with --process */
struct call {
	bpfapps_syscall syscall;
	bpfapps_pid pid BPFAPPS_OPTIONAL;
	bpfapps_comm comm BPFAPPS_OPTIONAL;
};

struct counts {
	bpfapps_count calls BPFAPPS_ABOUT("Calls that have returned.");
	bpfapps_count errors BPFAPPS_ABOUT("Calls that have failed.");
	bpfapps_log2
		latency_ns BPFAPPS_NO_BARS BPFAPPS_ABOUT("How long they took, with --latency.");
};

BPFAPPS_COUNTED(syscalls, call, counts, "syscalls", "The calls of a system call so far.");

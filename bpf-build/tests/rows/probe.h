/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#define BPFAPPS_STACK_DEPTH 4
#include <bpfapps/record.h>

enum outcome {
	OUTCOME_DONE = 0,
	OUTCOME_REFUSED = 1,
};

enum what {
	WHAT_CALL = 0,
	WHAT_END = 1,
};

enum access {
	ACCESS_READ = 1,
	ACCESS_WRITE = 2,
};

struct inner {
	bpfapps_ipv4 gateway;
	__s32 delta;
};

struct event {
	bpfapps_boot_ns time_ns;
	bpfapps_comm comm;
	bpfapps_pid pid;
	bpfapps_tid tid BPFAPPS_NO_COLUMN;
	bpfapps_uid uid;
	bpfapps_cpu cpu;
	bpfapps_cgroup cgroup;
	bpfapps_kernel_stack kernel_stack;
	bpfapps_user_stack user_stack BPFAPPS_OPTIONAL;
	bpfapps_bool first;
	__u8 reserved[3];
	bpfapps_errno failure;
	bpfapps_result result BPFAPPS_COLUMN("RETURNED", 9);
	bpfapps_signal caught BPFAPPS_OPTIONAL;
	bpfapps_exit_status status BPFAPPS_ONLY(WHAT_END);
	bpfapps_syscall syscall;
	bpfapps_mode mode;
	bpfapps_port remote_port;
	bpfapps_bytes size;
	bpfapps_hex flags;
	bpfapps_percent share;
	bpfapps_ifindex interface;
	bpfapps_address remote BPFAPPS_ABOUT("The \"other\" side.");
	bpfapps_protocol protocol;
	bpfapps_tcp_flags tcp;
	__u16 in;
	__u32 count;
	bpfapps_ns duration;
	bpfapps_ns wait_ns;
	enum what what BPFAPPS_KIND(WHAT_CALL, "A call.") BPFAPPS_KIND(WHAT_END, "An end.");
	enum outcome outcome;
	enum access access BPFAPPS_FLAGS;
	struct inner inner;
	char name[12] BPFAPPS_OPTIONAL;
	__u8 key[4];
	__u32 hidden BPFAPPS_HIDDEN;
	__s64 args[3] BPFAPPS_COUNTED_BY(count);
	bpfapps_text path;
	bpfapps_words argv_len;
	__u32 number;
};

BPFAPPS_RECORD(event);

struct plain {
	__u64 when;
	char text[8];
	enum outcome outcome;
	__u32 pid;
};

BPFAPPS_RECORD(plain, "first", "Nothing but C types.");

struct rows {
	struct inner inner[2];
};

BPFAPPS_RECORD(rows);

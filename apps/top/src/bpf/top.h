/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpfapps/record.h>

#define MAX_PIDS 16

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

/* all of them; user space fills this and what follows */
struct holders {
	__u32 holders BPFAPPS_COLUMN("HOLDERS", 7)
		BPFAPPS_ABOUT("The number of processes that hold it by a file descriptor.");
	bpfapps_pid pid BPFAPPS_OPTIONAL BPFAPPS_ABOUT("The first of them.");
	bpfapps_comm comm BPFAPPS_OPTIONAL BPFAPPS_ABOUT("The name of its command.");
	__u32 pids[MAX_PIDS] BPFAPPS_NO_COLUMN BPFAPPS_COUNTED_BY(holders)
		BPFAPPS_ABOUT("The first 16 of them.");
};

struct program {
	__u32 id BPFAPPS_COLUMN("ID", 6);
	char program_type[24] BPFAPPS_COLUMN("TYPE", 14)
		BPFAPPS_ABOUT("Its type, as bpftool names it.");
	char name[16] BPFAPPS_ABOUT("Its name, of 15 characters at most.");
	__u32 reserved;
	__u64 runs BPFAPPS_NO_COLUMN BPFAPPS_ABOUT("Its runs in the interval.");
	__u64 run_time_ns BPFAPPS_NO_COLUMN BPFAPPS_ABOUT("Their time, on all CPUs.");
	__u64 interval_ns BPFAPPS_NO_COLUMN BPFAPPS_ABOUT("The length of the interval.");
	__u64 runs_per_second BPFAPPS_COLUMN("RUNS/S", 9);
	__u64 ns_per_run BPFAPPS_COLUMN("NS/RUN", 8) BPFAPPS_OPTIONAL
		BPFAPPS_ABOUT("The time of a run; not without one.");
	bpfapps_percent cpu_percent BPFAPPS_COLUMN("CPU", 7)
		BPFAPPS_ABOUT("Its share of one CPU's time.");
	__u32 reserved2;
	bpfapps_bytes memory_bytes BPFAPPS_COLUMN("MEMORY", 7) BPFAPPS_OPTIONAL
		BPFAPPS_ABOUT("The memory that the kernel has for it.");
	struct holders held;
};

struct map {
	__u32 id BPFAPPS_COLUMN("ID", 6);
	char map_type[24] BPFAPPS_COLUMN("TYPE", 14)
		BPFAPPS_ABOUT("Its type, as bpftool names it.");
	char name[16] BPFAPPS_ABOUT("Its name, of 15 characters at most.");
	__u32 max_entries BPFAPPS_COLUMN("ENTRIES", 10)
		BPFAPPS_ABOUT("The number of entries that it has room for.");
	bpfapps_bytes memory_bytes BPFAPPS_COLUMN("MEMORY", 7) BPFAPPS_OPTIONAL
		BPFAPPS_ABOUT("The memory that the kernel has for it.");
	struct holders held;
};

BPFAPPS_RECORD(holder);
BPFAPPS_RECORD(program, "program", "A BPF program that is loaded.");
BPFAPPS_RECORD(map, "map", "A BPF map, with --maps.");

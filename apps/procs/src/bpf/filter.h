/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpf/bpf_helpers.h>
#include <bpfapps/pidns.h>
#include "procs.h"

/*
 * Selects the reported processes: user space fills a set for each given option before the programs
 * are attached. Without the option its knob is 0, its map is not created, and the verifier drops
 * the code.
 */
#define SET_OF(key_type)                                                                           \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_HASH);                                                   \
		__uint(max_entries, 1);                                                            \
		__type(key, key_type);                                                             \
		__type(value, __u8);                                                               \
	}

/* the most --cgroup options */
#define MAX_CGROUPS 64

struct comm {
	__u8 bytes[COMM_LEN];
};

/* report only exits of processes that lived at least this long; 0 reports all, execs too */
const volatile __u64 min_duration_ns = 0;

const volatile __u8 only_pids = 0;
const volatile __u8 only_uids = 0;
const volatile __u8 only_comms = 0;
const volatile __u8 only_exit_codes = 0;

/* only exits with a code other than 0, or by a signal */
const volatile __u8 only_failed = 0;

/* only processes in one of this many cgroups, or below them */
const volatile __u32 only_cgroups = 0;

/* with a process also all below it */
const volatile __u8 with_children = 0;

SET_OF(__u32) pids SEC(".maps"); /* as user space counts them */
SET_OF(__u32) uids SEC(".maps");
SET_OF(struct comm) comms SEC(".maps");
SET_OF(__u32) exit_codes SEC(".maps");
SET_OF(__u32) children SEC(".maps"); /* as the kernel counts them */

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} cgroups SEC(".maps");

static __always_inline bool is_wanted_pid(void)
{
	__u32 kernel_pid = bpf_get_current_pid_tgid() >> 32;
	__u32 pid = bpfapps_current_pid();

	if (pid && bpf_map_lookup_elem(&pids, &pid))
		return true;
	return with_children && bpf_map_lookup_elem(&children, &kernel_pid);
}

static __always_inline bool is_in_wanted_cgroup(void)
{
	for (__u32 i = 0; i < MAX_CGROUPS && i < only_cgroups; i++)
		if (bpf_current_task_under_cgroup(&cgroups, i) == 1)
			return true;
	return false;
}

static __always_inline bool is_wanted_process(void)
{
	__u32 uid = bpf_get_current_uid_gid();
	struct comm comm = {};

	if (only_pids && !is_wanted_pid())
		return false;
	if (only_uids && !bpf_map_lookup_elem(&uids, &uid))
		return false;
	if (only_cgroups && !is_in_wanted_cgroup())
		return false;
	if (only_comms) {
		bpf_get_current_comm(&comm, sizeof(comm));
		return bpf_map_lookup_elem(&comms, &comm);
	}
	return true;
}

static __always_inline bool is_wanted_exec(void)
{
	return !min_duration_ns && !only_failed && !only_exit_codes && is_wanted_process();
}

/* status: as wait(2) gives it */
static __always_inline bool is_wanted_exit(__u32 status)
{
	__u32 code = status >> 8 & 0xff;

	if (only_failed && !status)
		return false;
	/* a process that a signal has ended has no code */
	return !only_exit_codes || (!(status & 0x7f) && bpf_map_lookup_elem(&exit_codes, &code));
}

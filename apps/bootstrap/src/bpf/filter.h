/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/*
 * Which processes are reported: user space fills a set for each option that was given, before the
 * programs are attached. Where an option was not given its knob is 0, its map is not made, and the
 * verifier drops the code.
 */
#define SET_OF(key_type)                                                                           \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_HASH);                                                   \
		__uint(max_entries, 1);                                                            \
		__type(key, key_type);                                                             \
		__type(value, __u8);                                                               \
	}

struct comm {
	__u8 bytes[COMM_LEN];
};

const volatile __u8 only_pids = 0;
const volatile __u8 only_uids = 0;
const volatile __u8 only_comms = 0;
const volatile __u8 only_exit_codes = 0;

/* only exits with a code other than 0, or by a signal */
const volatile __u8 only_failed = 0;

SET_OF(__u32) pids SEC(".maps");
SET_OF(__u32) uids SEC(".maps");
SET_OF(struct comm) comms SEC(".maps");
SET_OF(__u32) exit_codes SEC(".maps");

static __always_inline bool is_wanted_process(void)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	__u32 uid = bpf_get_current_uid_gid();
	struct comm comm = {};

	if (only_pids && !bpf_map_lookup_elem(&pids, &pid))
		return false;
	if (only_uids && !bpf_map_lookup_elem(&uids, &uid))
		return false;
	if (only_comms) {
		bpf_get_current_comm(&comm, sizeof(comm));
		return bpf_map_lookup_elem(&comms, &comm);
	}
	return true;
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

static __always_inline bool are_execs_wanted(void)
{
	return !only_failed && !only_exit_codes;
}

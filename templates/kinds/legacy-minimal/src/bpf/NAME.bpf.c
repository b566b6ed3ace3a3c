// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "{{ name }}.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* an array of one element in place of a global variable: user space sets this one */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} watched_pid SEC(".maps");

/* and this one it reads */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct writes);
} total SEC(".maps");

/* as tracefs says in events/syscalls/sys_enter_write/format */
struct sys_enter {
	__u64 common;
	__u64 number;
	__u64 args[6];
};

SEC("tp/syscalls/sys_enter_write")
int handle_write(struct sys_enter *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32, key = 0;
	struct writes *writes;
	__u32 *wanted;

	/* both are there, but the verifier does not know */
	wanted = bpf_map_lookup_elem(&watched_pid, &key);
	if (!wanted || pid != *wanted)
		return 0;
	writes = bpf_map_lookup_elem(&total, &key);
	if (!writes)
		return 0;

	/* threads may write at the same time */
	__sync_fetch_and_add(&writes->calls, 1);
	__sync_fetch_and_add(&writes->bytes, ctx->args[2]);
	return 0;
}

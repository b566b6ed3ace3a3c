// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* places in map `shared`, as in src/lib.rs */
#define MY_PID 0
#define HITS   1

/* what would be global variables, had this kernel any: both sides read and write it */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} shared SEC(".maps");

SEC("tp/syscalls/sys_enter_write")
int handle_tp(void *ctx)
{
	__u32 my_pid = MY_PID, hits = HITS;
	__u64 *pid = bpf_map_lookup_elem(&shared, &my_pid);
	__u64 *count = bpf_map_lookup_elem(&shared, &hits);

	/* an array has all its elements, but the verifier wants to see it checked */
	if (!pid || !count || bpf_get_current_pid_tgid() >> 32 != *pid)
		return 0;

	__sync_fetch_and_add(count, 1);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct table {
	__u32 slots[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct table);
} tables SEC(".maps");

/* bpf_loop needs Linux 5.17 */
static long clear(__u32 i, struct table **table)
{
#ifdef FIXED
	(*table)->slots[i & 15] = 0;
#else
	(*table)->slots[i & 31] = 0; /* here */
#endif
	return 0;
}

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	__u32 zero = 0;
	struct table *table;

	table = bpf_map_lookup_elem(&tables, &zero);
	if (!table)
		return 0;
	bpf_loop(32, clear, &table, 0);
	return 0;
}

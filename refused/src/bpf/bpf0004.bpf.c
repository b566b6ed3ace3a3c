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

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	__u32 slot = bpf_get_prandom_u32() & 31;
	__u32 zero = 0;
	struct table *table;

	table = bpf_map_lookup_elem(&tables, &zero); /* from */
	if (!table)
		return 0;
#ifdef FIXED
	if (slot >= 16)
		return 0;
#endif
	table->slots[slot] = 1; /* here */
	return 0;
}

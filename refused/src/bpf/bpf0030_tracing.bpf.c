// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct value {
#ifndef FIXED
	struct bpf_spin_lock lock;
#endif
	__u64 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct value);
} values SEC(".maps");

/* the verifier names no instruction */
SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	__u32 zero = 0;
	struct value *value = bpf_map_lookup_elem(&values, &zero);

	if (value)
		__sync_fetch_and_add(&value->count, 1);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
#ifdef FIXED
	__type(key, __u32);
#else
	__type(key, __u64);
#endif
	__type(value, __u64);
} counts SEC(".maps");

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	__u64 key = 1;

	return bpf_map_lookup_elem(&counts, &key) != 0; /* here */
}

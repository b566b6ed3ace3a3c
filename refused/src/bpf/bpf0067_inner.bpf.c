// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
#ifdef FIXED
	__array(values, struct inner);
#else
	__type(value, __u32);
#endif
} outer SEC(".maps");

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	__u32 zero = 0;

	return !bpf_map_lookup_elem(&outer, &zero); /* here */
}

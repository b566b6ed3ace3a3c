// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

SEC("socket")
int handle_packet(struct __sk_buff *skb)
{
#ifdef FIXED
	__u32 key = 7;

	return !bpf_map_lookup_elem(&counts, &key);
#else
	return !bpf_map_lookup_elem(&counts, (void *)7); /* here */
#endif
}

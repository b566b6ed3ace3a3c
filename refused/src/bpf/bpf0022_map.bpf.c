// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} one SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} other SEC(".maps");

void *maps[2] = {&one, &other};

SEC("socket")
int handle_packet(struct __sk_buff *skb)
{
	__u32 zero = 0;

#ifdef FIXED
	return skb->ifindex & 1 ? !bpf_map_lookup_elem(&one, &zero)
				: !bpf_map_lookup_elem(&other, &zero);
#else
	return !bpf_map_lookup_elem(maps[skb->ifindex & 1], &zero); /* here */
#endif
}

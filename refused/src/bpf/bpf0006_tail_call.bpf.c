// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} programs SEC(".maps");

SEC("socket")
int handle_packet(struct __sk_buff *skb)
{
#ifdef FIXED
	bpf_tail_call(skb, &programs, 0);
	return 0;
#else
	return bpf_tail_call(skb, &programs, 0); /* here */
#endif
}

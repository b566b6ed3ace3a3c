// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} last SEC(".maps");

/* refused where it is loaded without CAP_PERFMON */
SEC("socket")
int handle_packet(struct __sk_buff *skb)
{
	__u32 zero = 0;
	__u64 *value;

	value = bpf_map_lookup_elem(&last, &zero);
	if (!value)
		return 0;
#ifdef FIXED
	*value = skb->len;
#else
	*value = (__u64)skb; /* here */
#endif
	return 0;
}

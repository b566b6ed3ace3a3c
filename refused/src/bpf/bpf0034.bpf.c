// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* that it is not aligned is what the program is about */
#pragma clang diagnostic ignored "-Waddress-of-packed-member"

struct value {
	__u32 kind;
	__u64 count;
#ifdef FIXED
};
#else
} __attribute__((packed));
#endif

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct value);
} values SEC(".maps");

SEC("socket")
int handle_packet(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct value *value = bpf_map_lookup_elem(&values, &zero);

	if (value)
		__sync_fetch_and_add(&value->count, 1); /* here */
	return 0;
}

// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct bytes {
	char first[300];
};

static __noinline int inner(struct __sk_buff *skb)
{
	struct bytes bytes = {};

	return bpf_skb_load_bytes(skb, 0, &bytes, sizeof(bytes));
}

SEC("socket")
int handle_packet(struct __sk_buff *skb)
{
	struct bytes bytes = {};

	bpf_skb_load_bytes(skb, 0, &bytes, sizeof(bytes));
	return inner(skb) + bytes.first[0]; /* here */
}

// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("socket")
int handle_packet(struct __sk_buff *skb)
{
#ifdef FIXED
	return skb->len;
#else
	return skb->data_end - skb->data; /* here */
#endif
}

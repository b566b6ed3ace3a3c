// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __noinline int even(int n)
{
	return n & ~1;
}

static __noinline int odd(int n)
{
	return n | 1;
}

/* needs Linux 5.13 */
SEC("socket")
int handle_packet(struct __sk_buff *skb)
{
#ifdef FIXED
	return skb->len & 1 ? odd(skb->len) : even(skb->len);
#else
	int (*round)(int) = skb->len & 1 ? odd : even;

	return round(skb->len); /* here */
#endif
}

// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __noinline __u64 sum(__u64 n)
{
#ifdef FIXED
	__u64 all = 0;

	for (int i = 0; i < 16; i++)
		all ^= n - i;
	return all;
#else
	if (n == 0)
		return 0;
	return (n ^ sum(n - 1)) + 1; /* here */
#endif
}

/* needs Linux 6.18 for these words: older ones report a loop */
SEC("socket")
int handle_packet(struct __sk_buff *skb)
{
	return sum(skb->len & 15); /* here */
}

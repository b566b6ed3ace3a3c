// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

char text[16];

/* needs Linux 6.8: older ones do not see that a number is not 0 */
SEC("tc")
int handle_packet(struct __sk_buff *skb)
{
	__u32 size = skb->mark & 15;

#ifdef FIXED
	if (!size)
		return 0;
#endif
	bpf_skb_load_bytes(skb, 0, text, size); /* here */
	return 0;
}

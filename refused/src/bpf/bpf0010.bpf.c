// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#ifdef FIXED
SEC("tc")
int handle_packet(struct __sk_buff *xdp)
#else
SEC("xdp")
int handle_packet(struct xdp_md *xdp)
#endif
{
	__u8 first;

	bpf_skb_load_bytes(xdp, 0, &first, sizeof(first)); /* here */
	return XDP_PASS;
}

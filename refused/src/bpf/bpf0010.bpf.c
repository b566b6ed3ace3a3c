// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int handle_packet(struct xdp_md *xdp)
{
	__u8 first;

	bpf_skb_load_bytes(xdp, 0, &first, sizeof(first)); /* here */
	return XDP_PASS;
}

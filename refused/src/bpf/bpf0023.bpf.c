// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int handle_packet(struct xdp_md *xdp)
{
	void *end = (void *)(long)xdp->data_end;
	struct ethhdr *eth = (void *)(long)xdp->data; /* from */

	if ((void *)(eth + 1) > end)
		return XDP_PASS;
	if (bpf_xdp_adjust_head(xdp, 4)) /* from */
		return XDP_PASS;
#ifdef FIXED
	eth = (void *)(long)xdp->data;
	end = (void *)(long)xdp->data_end;
	if ((void *)(eth + 1) > end)
		return XDP_PASS;
#endif
	return eth->h_proto ? XDP_PASS : XDP_DROP; /* here */
}

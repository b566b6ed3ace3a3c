// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp")
int handle_packet(struct xdp_md *xdp)
{
	struct ethhdr *eth = (void *)(long)xdp->data; /* from */

#ifdef FIXED
	if ((void *)(eth + 1) > (void *)(long)xdp->data_end)
		return XDP_PASS;
#endif
	if (eth->h_proto == 0) /* here */
		return XDP_DROP;
	return XDP_PASS;
}

// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "{{ name }}.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* by protocol; each CPU has counters of its own, so none waits for another */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct traffic);
} counts SEC(".maps");

SEC("xdp")
int handle_packet(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct ipv6hdr *ipv6 = (void *)(eth + 1);
	struct iphdr *ipv4 = (void *)(eth + 1);
	struct traffic *traffic;
	__u32 protocol;

	/* the verifier wants each bound checked before anything behind it is read */
	if ((void *)(eth + 1) > end)
		return XDP_PASS;
	if (eth->h_proto == bpf_htons(ETH_P_IP) && (void *)(ipv4 + 1) <= end)
		protocol = ipv4->protocol;
	else if (eth->h_proto == bpf_htons(ETH_P_IPV6) && (void *)(ipv6 + 1) <= end)
		protocol = ipv6->nexthdr;
	else
		return XDP_PASS;

	traffic = bpf_map_lookup_elem(&counts, &protocol);
	if (traffic) {
		traffic->packets++;
		traffic->bytes += end - data;
	}
	/* XDP_DROP here would keep the packet from this machine */
	return XDP_PASS;
}

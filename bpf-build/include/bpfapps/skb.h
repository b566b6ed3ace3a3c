/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/* include after linux/bpf.h */
#include <bpfapps/packet.h>

static __always_inline long bpfapps_load_skb(void *skb, __u32 offset, void *to, __u32 len)
{
	return bpf_skb_load_bytes_relative(skb, offset, to, len, BPF_HDR_START_NET);
}

/* what the headers of a packet say, in programs of socket filters, tc and cgroups; 0: it is no IP
 */
static __always_inline int bpfapps_parse_skb(struct __sk_buff *skb, struct bpfapps_packet *p)
{
	return bpfapps_parse(skb, bpfapps_load_skb, p);
}

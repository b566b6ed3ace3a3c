// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/ringbuf.h>
#include <bpfapps/skb.h>
#include "{{ name }}.h"

/* return values, the same in the classic tc and tcx; linux/pkt_cls.h has others */
#define TC_NEXT -1
#define TC_SHOT 2

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* a flow that was quiet for so long is a new one */
const volatile __u64 idle_ns = 60000000000;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

/* ports to which packets are dropped; user space fills it */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u16);
	__type(value, __u8);
} blocked SEC(".maps");

struct flow {
	struct bpfapps_packet packet;
	__u32 outgoing;
};

/* time of the last packet of each flow: a displaced flow is reported again */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct flow);
	__type(value, __u64);
} flows SEC(".maps");

static __always_inline int handle(struct __sk_buff *skb, __u32 outgoing)
{
	__u64 now = bpf_ktime_get_boot_ns(), *seen;
	struct flow flow = {.outgoing = outgoing};
	struct event *e;
	__u32 dropped;
	int is_new;

	if (!bpfapps_parse_skb(skb, &flow.packet))
		return TC_NEXT;
	flow.packet.tcp_flags = 0;
	dropped = bpf_map_lookup_elem(&blocked, &flow.packet.destination_port) != 0;

	seen = bpf_map_lookup_elem(&flows, &flow);
	is_new = !seen || now - *seen > idle_ns;
	if (seen)
		*seen = now;
	else
		bpf_map_update_elem(&flows, &flow, &now, BPF_ANY);
	if (!is_new)
		goto out;

	/* reserve a record; a full ring is counted, not hidden */
	e = bpfapps_reserve(&rb, event);
	if (!e)
		goto out;
	e->time_ns = now;
	e->direction = outgoing ? DIRECTION_OUT : DIRECTION_IN;
	e->verdict = dropped ? VERDICT_DROP : VERDICT_PASS;
	e->packet = flow.packet;
	e->bytes = skb->len;
	bpfapps_submit(&rb, e);
out:
	/* NEXT: other programs at this hook decide */
	return dropped ? TC_SHOT : TC_NEXT;
}

/* user space attaches both to the interface: SEC names only the type */
SEC("tc")
int handle_ingress(struct __sk_buff *skb)
{
	return handle(skb, 0);
}

SEC("tc")
int handle_egress(struct __sk_buff *skb)
{
	return handle(skb, 1);
}

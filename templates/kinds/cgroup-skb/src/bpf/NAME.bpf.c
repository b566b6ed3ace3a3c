// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/ringbuf.h>
#include <bpfapps/skb.h>
#include "{{ name }}.h"

/* return values */
#define DROP 0
#define PASS 1

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* whether packets are exchanged with `allowed` only, or with all */
const volatile __u32 is_fenced = 0;
/* a flow that was quiet for so long is a new one */
const volatile __u64 idle_ns = 60000000000;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

/* user space fills it */
struct {
	BPFAPPS_PREFIXES;
} allowed SEC(".maps");

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
	const __u8 *remote = outgoing ? flow.packet.destination : flow.packet.source;
	__u32 dropped = 0;
	struct event *e;
	int is_new;

	/* all that cgroups see is IP, so this is a broken packet */
	if (!bpfapps_parse_skb(skb, &flow.packet))
		return is_fenced ? DROP : PASS;
	flow.packet.tcp_flags = 0;
	if (is_fenced)
		dropped = !bpfapps_matches(&allowed, remote);

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
	e->bytes = skb->len;
	e->direction = outgoing ? DIRECTION_OUT : DIRECTION_IN;
	e->verdict = dropped ? VERDICT_DROP : VERDICT_PASS;
	e->packet = flow.packet;
	bpfapps_submit(&rb, e);
out:
	return dropped ? DROP : PASS;
}

/* user space attaches both, since it knows to which cgroup */
SEC("cgroup_skb/ingress")
int handle_ingress(struct __sk_buff *skb)
{
	return handle(skb, 0);
}

SEC("cgroup_skb/egress")
int handle_egress(struct __sk_buff *skb)
{
	return handle(skb, 1);
}

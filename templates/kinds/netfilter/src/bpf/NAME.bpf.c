// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/ringbuf.h>
#include "{{ name }}.h"

/* return values */
#define NF_DROP   0
#define NF_ACCEPT 1

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* a flow that was quiet for so long is a new one */
const volatile __u64 idle_ns = 60000000000;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

/* sources whose packets are dropped; user space fills it */
struct {
	BPFAPPS_PREFIXES;
} dropped SEC(".maps");

/* time of the last packet of each flow: a displaced flow is reported again */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct bpfapps_packet);
	__type(value, __u64);
} flows SEC(".maps");

extern int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *ptr) __ksym;

static __always_inline long load(void *ptr, __u32 offset, void *to, __u32 len)
{
	return bpf_dynptr_read(to, len, ptr, offset, 0);
}

static __always_inline void report(const struct bpf_nf_ctx *ctx, const struct bpfapps_packet *p,
				   __u64 now, __u32 is_dropped)
{
	struct net_device *in = BPF_CORE_READ(ctx, state, in);
	struct net_device *out = BPF_CORE_READ(ctx, state, out);
	struct event *e;

	/* reserve a record; a full ring is counted, not hidden */
	e = bpfapps_reserve(&rb, event);
	if (!e)
		return;
	e->time_ns = now;
	e->bytes = BPF_CORE_READ(ctx, skb, len);
	e->verdict = is_dropped ? VERDICT_DROP : VERDICT_ACCEPT;
	e->packet = *p;
	if (in)
		BPF_CORE_READ_STR_INTO(&e->in, in, name);
	if (out)
		BPF_CORE_READ_STR_INTO(&e->out, out, name);
	bpfapps_submit(&rb, e);
}

/* user space attaches it, since it knows to which hook */
SEC("netfilter")
int handle_packet(struct bpf_nf_ctx *ctx)
{
	__u64 now = bpf_ktime_get_boot_ns(), *seen;
	struct bpfapps_packet packet;
	struct bpf_dynptr ptr;
	int is_dropped, is_new;

	if (bpf_dynptr_from_skb((struct __sk_buff *)ctx->skb, 0, &ptr))
		return NF_ACCEPT;
	if (!bpfapps_parse(&ptr, load, &packet))
		return NF_ACCEPT;
	packet.tcp_flags = 0;
	is_dropped = bpfapps_matches(&dropped, packet.source);

	seen = bpf_map_lookup_elem(&flows, &packet);
	is_new = !seen || now - *seen > idle_ns;
	if (seen)
		*seen = now;
	else
		bpf_map_update_elem(&flows, &packet, &now, BPF_ANY);
	if (is_new)
		report(ctx, &packet, now, is_dropped);
	return is_dropped ? NF_DROP : NF_ACCEPT;
}

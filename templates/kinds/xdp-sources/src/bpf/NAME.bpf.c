// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/prefix.h>
#include <bpfapps/ringbuf.h>
#include "{{ name }}.h"

#define CLOCK_MONOTONIC 1
#define MAX_SOURCES     65536

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* how long packets of a source are added up before they are reported */
const volatile __u64 interval_ns = 1000000000;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

/* whose packets are dropped */
struct {
	BPFAPPS_PREFIXES;
} dropped SEC(".maps");

/* packets of a source so far, and how many of them were reported */
struct source {
	struct bpf_timer timer;
	__u64 packets;
	__u64 bytes;
	__u64 reported_packets;
	__u64 reported_bytes;
	__u64 dropped;
};

struct address {
	__u8 bytes[BPFAPPS_ADDRESS_LEN];
};

/* not preallocated: then an element that is removed is not another's before all are done with it */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_SOURCES);
	__type(key, struct address);
	__type(value, struct source);
} sources SEC(".maps");

/* one interval of a source is over */
static int report(void *map, struct address *address, struct source *source)
{
	/* read once: packets come in meanwhile */
	__u64 packets = *(volatile __u64 *)&source->packets;
	__u64 bytes = *(volatile __u64 *)&source->bytes;
	struct event *e;

	/* a source that has gone quiet makes room for another */
	if (packets == source->reported_packets) {
		bpf_map_delete_elem(map, address);
		return 0;
	}

	/* reserve a record; if the ring is full, the next one has the sum of both */
	e = bpfapps_reserve(&rb, event);
	if (e) {
		e->time_ns = bpf_ktime_get_boot_ns();
		e->packets = packets - source->reported_packets;
		e->bytes = bytes - source->reported_bytes;
		e->verdict = source->dropped ? VERDICT_DROP : VERDICT_PASS;
		__builtin_memcpy(e->source, address->bytes, sizeof(e->source));
		source->reported_packets = packets;
		source->reported_bytes = bytes;
		bpfapps_submit(&rb, e);
	}
	bpf_timer_start(&source->timer, interval_ns, 0);
	return 0;
}

/* the element of a source that was quiet so far */
static __always_inline struct source *begin(struct address *address)
{
	struct source fresh = {}, *source;
	long err;

	fresh.dropped = bpfapps_matches(&dropped, address->bytes);
	err = bpf_map_update_elem(&sources, address, &fresh, BPF_NOEXIST);
	source = bpf_map_lookup_elem(&sources, address);
	if (!source) {
		bpfapps_count_lost(BPFAPPS_MAP_FULL);
		return NULL;
	}
	/* another CPU was first */
	if (err)
		return source;
	/* without a timer it would never be reported: the kernel may lack memory for one */
	if (bpf_timer_init(&source->timer, &sources, CLOCK_MONOTONIC) ||
	    bpf_timer_set_callback(&source->timer, report) ||
	    bpf_timer_start(&source->timer, interval_ns, 0)) {
		bpf_map_delete_elem(&sources, address);
		bpfapps_count_lost(BPFAPPS_MAP_FULL);
		return NULL;
	}
	return source;
}

SEC("xdp")
int handle_packet(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct address address;
	struct source *source;

	/* the verifier wants each bound checked before anything behind it is read */
	if ((void *)(eth + 1) > end)
		return XDP_PASS;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end)
			return XDP_PASS;
		bpfapps_set_ipv4(address.bytes, ip->saddr);
	} else if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end)
			return XDP_PASS;
		__builtin_memcpy(address.bytes, &ip->saddr, sizeof(address.bytes));
	} else {
		return XDP_PASS;
	}

	source = bpf_map_lookup_elem(&sources, &address);
	if (!source)
		source = begin(&address);
	if (!source)
		/* a source to drop is dropped, counted or not */
		return bpfapps_matches(&dropped, address.bytes) ? XDP_DROP : XDP_PASS;
	__sync_fetch_and_add(&source->packets, 1);
	__sync_fetch_and_add(&source->bytes, end - data);
	return source->dropped ? XDP_DROP : XDP_PASS;
}

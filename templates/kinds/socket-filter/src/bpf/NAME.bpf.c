// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/ringbuf.h>
#include <bpfapps/skb.h>
#include "{{ name }}.h"

#define FIN 1
#define SYN 2
#define RST 4

/* the number of loopback, in every network namespace */
#define LOOPBACK 1

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* the interface; its number is not known before the program runs */
const volatile __u32 interface = 0;
/* report only packets from or to this port; 0 is any */
const volatile __u16 only_port = 0;
/* report every packet, not only the begin and end of TCP connections */
const volatile __u32 every_packet = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

/* runs for each packet; returns 0 so that the socket receives nothing */
SEC("socket")
int handle_packet(struct __sk_buff *skb)
{
	struct bpfapps_packet packet;
	struct event *e;

	if (skb->ifindex != interface)
		return 0;
	/* an outgoing packet comes in again, and is reported then */
	if (interface == LOOPBACK && skb->pkt_type == PACKET_OUTGOING)
		return 0;
	if (!bpfapps_parse_skb(skb, &packet))
		return 0;
	if (only_port && packet.source_port != only_port && packet.destination_port != only_port)
		return 0;
	if (!every_packet && !(packet.tcp_flags & (FIN | SYN | RST)))
		return 0;

	/* reserve a record; a full ring is counted, not hidden */
	e = bpfapps_reserve(&rb, event);
	if (!e)
		return 0;

	e->time_ns = bpf_ktime_get_boot_ns();
	e->bytes = skb->len;
	e->direction = skb->pkt_type == PACKET_OUTGOING ? DIRECTION_OUT : DIRECTION_IN;
	e->packet = packet;
	e->flags = packet.tcp_flags;
	bpfapps_submit(&rb, e);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/prefix.h>
#include <bpfapps/ringbuf.h>
#include "{{ name }}.h"

#define AF_INET 2

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* report only connections with this port on one side; 0 is any */
const volatile __u16 only_port = 0;
/* report only connections with at least this many retransmissions */
const volatile __u32 min_retransmits = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

struct connection {
	__u64 start;
	__u32 accepted;
};

/* in the socket itself: no capacity to choose, and it goes when the socket does */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct connection);
} connections SEC(".maps");

static __always_inline void established(struct bpf_sock_ops *ops, __u32 accepted)
{
	struct connection *connection;

	if (only_port && ops->local_port != only_port && bpf_ntohl(ops->remote_port) != only_port)
		return;
	if (!ops->sk)
		return;
	connection = bpf_sk_storage_get(&connections, ops->sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!connection) {
		bpfapps_count_lost(BPFAPPS_MAP_FULL);
		return;
	}
	connection->start = bpf_ktime_get_boot_ns();
	connection->accepted = accepted;
	/* from now on we are called when its state changes */
	bpf_sock_ops_cb_flags_set(ops, BPF_SOCK_OPS_STATE_CB_FLAG);
}

/* volatile: the context may be read word by word only, which the compiler does not know */
static __always_inline void set_ipv6(__u8 *address, const volatile __u32 *words)
{
	__u32 copy[] = {words[0], words[1], words[2], words[3]};

	__builtin_memcpy(address, copy, sizeof(copy));
}

static __always_inline void closed(struct bpf_sock_ops *ops)
{
	struct connection *connection;
	struct event *e;

	if (!ops->sk)
		return;
	connection = bpf_sk_storage_get(&connections, ops->sk, NULL, 0);
	if (!connection || ops->total_retrans < min_retransmits)
		return;

	/* reserve a record; a full ring is counted, not hidden */
	e = bpfapps_reserve(&rb, event);
	if (!e)
		return;
	e->time_ns = bpf_ktime_get_boot_ns();
	e->duration_ns = e->time_ns - connection->start;
	e->acked = ops->bytes_acked;
	e->received = ops->bytes_received;
	/* in eighths of a microsecond */
	e->rtt_ns = (__u64)ops->srtt_us * 1000 >> 3;
	e->retransmits = ops->total_retrans;
	e->local_port = ops->local_port;
	e->remote_port = bpf_ntohl(ops->remote_port);
	e->side = connection->accepted ? SIDE_ACCEPT : SIDE_CONNECT;
	if (ops->family == AF_INET) {
		bpfapps_set_ipv4(e->local, ops->local_ip4);
		bpfapps_set_ipv4(e->remote, ops->remote_ip4);
	} else {
		set_ipv6(e->local, ops->local_ip6);
		set_ipv6(e->remote, ops->remote_ip6);
	}
	bpfapps_submit(&rb, e);
}

SEC("sockops")
int handle_tcp(struct bpf_sock_ops *ops)
{
	switch (ops->op) {
	case BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
		established(ops, 0);
		break;
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		established(ops, 1);
		break;
	case BPF_SOCK_OPS_STATE_CB:
		if (ops->args[1] == BPF_TCP_CLOSE)
			closed(ops);
		break;
	}
	return 1;
}

// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/prefix.h>
#include <bpfapps/ringbuf.h>
#include "{{ name }}.h"

#define AF_INET     2
#define AF_INET6    10
#define IPPROTO_TCP 6

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* only requests for these ports are handled */
const volatile __u16 first_port = 0;
const volatile __u16 last_port = 65535;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

/* the listening sockets to steer to: 0 for IPv4, 1 for IPv6; empty without --to */
struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} listeners SEC(".maps");

static __always_inline __u32 steer(struct bpf_sk_lookup *ctx)
{
	__u32 key = ctx->family == AF_INET6;
	struct bpf_sock *listener = bpf_map_lookup_elem(&listeners, &key);
	long err;

	if (!listener)
		return 0;
	err = bpf_sk_assign(ctx, listener, 0);
	bpf_sk_release(listener);
	return !err;
}

/* volatile: the context may be read word by word only, which the compiler does not know */
static __always_inline void set_ipv6(__u8 *address, const volatile __u32 *words)
{
	__u32 copy[] = {words[0], words[1], words[2], words[3]};

	__builtin_memcpy(address, copy, sizeof(copy));
}

/* runs when the kernel searches for the listening socket of a request */
SEC("sk_lookup")
int handle_lookup(struct bpf_sk_lookup *ctx)
{
	struct event *e;
	__u32 steered;

	if (ctx->protocol != IPPROTO_TCP)
		return SK_PASS;
	if (ctx->local_port < first_port || ctx->local_port > last_port)
		return SK_PASS;
	steered = steer(ctx);

	/* reserve a record; a full ring is counted, not hidden */
	e = bpfapps_reserve(&rb, event);
	if (!e)
		return SK_PASS;
	e->time_ns = bpf_ktime_get_boot_ns();
	e->local_port = ctx->local_port;
	e->remote_port = bpf_ntohs((__u16)ctx->remote_port);
	e->steered = steered;
	if (ctx->family == AF_INET) {
		bpfapps_set_ipv4(e->local, ctx->local_ip4);
		bpfapps_set_ipv4(e->remote, ctx->remote_ip4);
	} else {
		set_ipv6(e->local, ctx->local_ip6);
		set_ipv6(e->remote, ctx->remote_ip6);
	}
	bpfapps_submit(&rb, e);
	/* PASS: to the assigned socket, else to the usual listener; DROP would refuse it */
	return SK_PASS;
}

// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpfapps/prefix.h>
#include <bpfapps/ringbuf.h>
#include "{{ name }}.h"

#define AF_INET6 10

/* its name for applications: in setsockopt(TCP_CONGESTION), and in sysctl */
#define ALGORITHM "{{ algorithm }}"

_Static_assert(sizeof(ALGORITHM) <= sizeof(((struct tcp_congestion_ops *)0)->name),
	       "the name of a congestion control has at most 15 characters");

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* how much of the window is kept after a loss, in percent */
const volatile __u32 share = 50;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

/* our data about a connection, in its socket's area for congestion controls */
struct history {
	__u64 start;
	__u32 max_window;
	__u32 losses;
	__u16 local_port;
	__u16 remote_port;
	__u32 zero;
	__u8 local[BPFAPPS_ADDRESS_LEN];
	__u8 remote[BPFAPPS_ADDRESS_LEN];
};

_Static_assert(sizeof(struct history) <= sizeof(((struct inet_connection_sock *)0)->icsk_ca_priv),
	       "a socket has no more room than that");

static __always_inline struct history *history(struct sock *sk)
{
	return (struct history *)((struct inet_connection_sock *)sk)->icsk_ca_priv;
}

/* functions of the kernel's own */
extern __u32 tcp_slow_start(struct tcp_sock *tp, __u32 acked) __ksym;
extern void tcp_cong_avoid_ai(struct tcp_sock *tp, __u32 w, __u32 acked) __ksym;
extern __u32 tcp_reno_undo_cwnd(struct sock *sk) __ksym;

/* the connection is established, or has just been given this congestion control */
SEC("struct_ops")
void BPF_PROG(handle_init, struct sock *sk)
{
	struct sock_common *common = &sk->__sk_common;
	struct history *s = history(sk);

	s->start = bpf_ktime_get_boot_ns();
	s->max_window = ((struct tcp_sock *)sk)->snd_cwnd;
	s->losses = 0;
	/* now: at its end the socket has given up its port */
	s->local_port = common->skc_num;
	s->remote_port = bpf_ntohs(common->skc_dport);
	s->zero = 0;
	if (common->skc_family == AF_INET6) {
		struct in6_addr local, remote;

		/* by way of the stack: a socket is not to be written to by a helper */
		BPF_CORE_READ_INTO(&local, common, skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&remote, common, skc_v6_daddr);
		__builtin_memcpy(s->local, &local, sizeof(s->local));
		__builtin_memcpy(s->remote, &remote, sizeof(s->remote));
	} else {
		bpfapps_set_ipv4(s->local, common->skc_rcv_saddr);
		bpfapps_set_ipv4(s->remote, common->skc_daddr);
	}
}

/* whether it is the window that keeps the connection from sending more */
static __always_inline int is_window_limited(const struct tcp_sock *tp)
{
	if (tp->snd_cwnd < tp->snd_ssthresh)
		return tp->snd_cwnd < 2 * tp->max_packets_out;
	return BPF_CORE_READ_BITFIELD(tp, is_cwnd_limited);
}

/* segments were acknowledged: make the window larger, as Reno does */
SEC("struct_ops")
void BPF_PROG(handle_ack, struct sock *sk, __u32 ack, __u32 acked)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	struct history *s = history(sk);

	if (!is_window_limited(tp))
		return;
	if (tp->snd_cwnd < tp->snd_ssthresh)
		acked = tcp_slow_start(tp, acked);
	if (acked)
		tcp_cong_avoid_ai(tp, tp->snd_cwnd, acked);
	if (s->max_window < tp->snd_cwnd)
		s->max_window = tp->snd_cwnd;
}

/* something was lost: how far the window is to grow quickly again */
SEC("struct_ops")
__u32 BPF_PROG(handle_loss, struct sock *sk)
{
	__u32 window = ((struct tcp_sock *)sk)->snd_cwnd;
	__u32 kept = (__u64)window * share / 100;
	struct history *s = history(sk);

	s->losses++;
	return kept < 2 ? 2 : kept;
}

/* nothing was lost after all */
SEC("struct_ops")
__u32 BPF_PROG(handle_undo, struct sock *sk)
{
	return tcp_reno_undo_cwnd(sk);
}

/* the connection ends, or gets another congestion control */
SEC("struct_ops")
void BPF_PROG(handle_release, struct sock *sk)
{
	const struct tcp_sock *tp = (struct tcp_sock *)sk;
	const struct history *s = history(sk);
	struct event *e;

	/* reserve a record; a full ring is counted, not hidden */
	e = bpfapps_reserve(&rb, event);
	if (!e)
		return;
	e->time_ns = bpf_ktime_get_boot_ns();
	e->duration_ns = e->time_ns - s->start;
	e->window = tp->snd_cwnd;
	e->max_window = s->max_window;
	e->threshold = s->losses ? tp->snd_ssthresh : 0;
	e->losses = s->losses;
	e->local_port = s->local_port;
	e->remote_port = s->remote_port;
	__builtin_memcpy(e->local, s->local, sizeof(e->local));
	__builtin_memcpy(e->remote, s->remote, sizeof(e->remote));
	bpfapps_submit(&rb, e);
}

/* .link: the kernel forgets it with our process */
SEC(".struct_ops.link")
struct tcp_congestion_ops algorithm = {
	.init = (void *)handle_init,
	.cong_avoid = (void *)handle_ack,
	.ssthresh = (void *)handle_loss,
	.undo_cwnd = (void *)handle_undo,
	.release = (void *)handle_release,
	.name = ALGORITHM,
};

// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpfapps/prefix.h>
#include "{{ name }}.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define AF_INET 2

/* list only sockets with this port, on either side; 0 is any */
const volatile __u16 only_port = 0;

/* list only sockets in one of these states: a bit for each, by its number; 0 is any */
const volatile __u32 only_states = 0;

static __always_inline void read_addresses(struct sock_common *sk, struct tcp *record)
{
	if (sk->skc_family == AF_INET) {
		bpfapps_set_ipv4(record->local, sk->skc_rcv_saddr);
		bpfapps_set_ipv4(record->remote, sk->skc_daddr);
		return;
	}
	/* a kernel without IPv6 does not get here, but the verifier does */
	if (!bpf_core_field_exists(sk->skc_v6_daddr))
		return;
	bpf_probe_read_kernel(record->local, sizeof(record->local), &sk->skc_v6_rcv_saddr);
	bpf_probe_read_kernel(record->remote, sizeof(record->remote), &sk->skc_v6_daddr);
}

static __always_inline void read_numbers(struct tcp_sock *tcp, struct tcp *record)
{
	if (record->state == STATE_LISTEN) {
		record->receive_queue = tcp->inet_conn.icsk_inet.sk.sk_ack_backlog;
		return;
	}
	record->receive_queue = tcp->rcv_nxt - tcp->copied_seq;
	record->send_queue = tcp->write_seq - tcp->snd_una;
	/* in eighths of a microsecond */
	record->rtt_ns = (__u64)tcp->srtt_us * 1000 >> 3;
	record->window = tcp->snd_cwnd;
	record->retransmits = tcp->total_retrans;
}

/* called for each socket of the network namespace that reads, and once more at the end */
SEC("iter/tcp")
int list_tcp(struct bpf_iter__tcp *ctx)
{
	struct sock_common *sk = ctx->sk_common;
	struct seq_file *seq = ctx->meta->seq;
	struct tcp record = {};
	struct tcp_sock *tcp;

	if (!sk)
		return 0;
	record.state = sk->skc_state;
	record.local_port = sk->skc_num;
	record.remote_port = bpf_ntohs(sk->skc_dport);
	if (only_port && record.local_port != only_port && record.remote_port != only_port)
		return 0;
	if (only_states && !(only_states & (1U << (record.state & 31))))
		return 0;

	record.time_ns = bpf_ktime_get_boot_ns();
	record.uid = ctx->uid;
	read_addresses(sk, &record);
	/* a socket that is being opened, or waits for its end, is not a full one */
	tcp = bpf_skc_to_tcp_sock(sk);
	if (tcp)
		read_numbers(tcp, &record);
	bpf_seq_write(seq, &record, sizeof(record));
	return 0;
}

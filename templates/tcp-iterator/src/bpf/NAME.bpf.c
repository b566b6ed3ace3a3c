// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "{{ name }}.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define AF_INET  2
#define AF_INET6 10

/* list only sockets with this port at either end; 0 is any */
const volatile __u16 only_port = 0;

/* list only sockets in one of these states: a bit for each, by its number in the kernel */
const volatile __u32 only_states = 0;

/* what only a socket has that a process made, not one of a handshake or one that waits its end */
static __always_inline void add_queues(struct socket_info *record, struct tcp_sock *tcp)
{
	struct sock *sk = (struct sock *)tcp;
	__u32 unread, received = tcp->rcv_nxt;

	if (record->state == BPF_TCP_LISTEN) {
		record->receive_queue = sk->sk_ack_backlog;
		record->send_queue = sk->sk_max_ack_backlog;
	} else {
		/* both move on while we look; a SYN and a FIN count as a byte each */
		unread = received - tcp->copied_seq;
		record->receive_queue = (__s32)unread > 0 ? unread : 0;
		record->send_queue = tcp->write_seq - tcp->snd_una;
	}
	record->rtt_us = tcp->srtt_us >> 3;
	record->retransmits = tcp->total_retrans;
	/* the inode is part of the same allocation; without a process there is none */
	if (sk->sk_socket)
		record->inode = BPF_CORE_READ((struct socket_alloc *)sk->sk_socket,
					      vfs_inode.i_ino);
}

/* called for each socket in the network namespace of who reads, and once more at the end */
SEC("iter/tcp")
int list_socket(struct bpf_iter__tcp *ctx)
{
	struct sock_common *common = ctx->sk_common;
	struct seq_file *seq = ctx->meta->seq;
	struct socket_info record = {};
	struct tcp_sock *tcp;

	if (!common)
		return 0;
	record.state = common->skc_state;
	if (only_states && !(only_states & (1 << (record.state & 31))))
		return 0;
	record.local_port = common->skc_num;
	record.remote_port = bpf_ntohs(common->skc_dport);
	if (only_port && record.local_port != only_port && record.remote_port != only_port)
		return 0;

	record.time_ns = bpf_ktime_get_boot_ns();
	record.uid = ctx->uid;
	record.family = common->skc_family;
	if (record.family == AF_INET6) {
		BPF_CORE_READ_INTO(&record.local, common, skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&record.remote, common, skc_v6_daddr);
	} else {
		__builtin_memcpy(record.local, &common->skc_rcv_saddr, 4);
		__builtin_memcpy(record.remote, &common->skc_daddr, 4);
	}
	/* NULL for sockets of a handshake and for those that only wait */
	tcp = bpf_skc_to_tcp_sock(common);
	if (tcp)
		add_queues(&record, tcp);
	bpf_seq_write(seq, &record, sizeof(record));
	return 0;
}

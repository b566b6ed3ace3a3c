// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/prefix.h>
#include <bpfapps/ringbuf.h>
#include "{{ name }}.h"

/* return values: connect fails with EPERM, or continues */
#define DENY  0
#define ALLOW 1

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* report only connections to this port; 0 is any */
const volatile __u16 only_port = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

/* denied destinations; user space fills it */
struct {
	BPFAPPS_PREFIXES;
} denied SEC(".maps");

static __always_inline int handle(struct bpf_sock_addr *ctx, const __u8 *address)
{
	/* older kernels have no helpers for these in this kind of program, but all have the task */
	struct task_struct *task = (void *)bpf_get_current_task();
	int is_denied = bpfapps_matches(&denied, address);
	__u16 port = bpf_ntohs(ctx->user_port);
	struct event *e;

	if (only_port && port != only_port)
		goto out;

	/* reserve a record; a full ring is counted, not hidden */
	e = bpfapps_reserve(&rb, event);
	if (!e)
		goto out;
	e->time_ns = bpf_ktime_get_boot_ns();
	e->pid = BPF_CORE_READ(task, tgid);
	e->tid = BPF_CORE_READ(task, pid);
	e->uid = BPF_CORE_READ(task, cred, uid.val);
	e->verdict = is_denied ? VERDICT_DENY : VERDICT_ALLOW;
	e->protocol = ctx->protocol;
	e->destination_port = port;
	__builtin_memcpy(e->destination, address, sizeof(e->destination));
	BPF_CORE_READ_INTO(&e->comm, task, comm);
	bpfapps_submit(&rb, e);
out:
	return is_denied ? DENY : ALLOW;
}

SEC("cgroup/connect4")
int handle_connect4(struct bpf_sock_addr *ctx)
{
	__u8 address[BPFAPPS_ADDRESS_LEN];

	bpfapps_set_ipv4(address, ctx->user_ip4);
	return handle(ctx, address);
}

SEC("cgroup/connect6")
int handle_connect6(struct bpf_sock_addr *ctx)
{
	__u32 address[BPFAPPS_ADDRESS_LEN / 4] = {
		ctx->user_ip6[0],
		ctx->user_ip6[1],
		ctx->user_ip6[2],
		ctx->user_ip6[3],
	};

	return handle(ctx, (__u8 *)address);
}

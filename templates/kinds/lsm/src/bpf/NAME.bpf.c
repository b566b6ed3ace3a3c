// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpfapps/pidns.h>
#include <bpfapps/prefix.h>
#include <bpfapps/ringbuf.h>
#include "{{ name }}.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define AF_INET  2
#define AF_INET6 10
#define EPERM    1

/* report only this process, or this cgroup and none below it; 0 is everybody */
const volatile __u32 only_pid = 0;
const volatile __u64 only_cgroup = 0;

/* end of the denial, in CLOCK_BOOTTIME; 0 denies nothing */
const volatile __u64 deny_until_ns = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

/* only the selected process or cgroup is denied, whatever user space has set */
static __always_inline bool is_denied(__u64 now)
{
	return (only_pid || only_cgroup) && now < deny_until_ns;
}

static __always_inline void report(struct sockaddr *address, __u64 now, int verdict)
{
	__u64 pid_tgid = bpfapps_current_pid_tgid();
	struct sockaddr_in6 *in6 = (void *)address;
	struct sockaddr_in *in = (void *)address;
	bool is_in6 = address->sa_family == AF_INET6;
	struct event *e;

	/* reserve a record; a full ring is counted, not hidden */
	e = bpfapps_reserve(&rb, event);
	if (!e)
		return;

	e->time_ns = now;
	e->cgroup = bpf_get_current_cgroup_id();
	e->pid = pid_tgid >> 32;
	e->tid = pid_tgid;
	e->uid = bpf_get_current_uid_gid();
	e->port = bpf_ntohs(BPF_CORE_READ(in, sin_port));
	e->verdict = verdict ? VERDICT_DENIED : VERDICT_CONNECT;
	bpf_get_current_comm(&e->comm, sizeof(e->comm));
	if (is_in6)
		bpf_probe_read_kernel(e->address, sizeof(e->address), &in6->sin6_addr);
	else
		bpfapps_set_ipv4(e->address, BPF_CORE_READ(in, sin_addr.s_addr));
	bpfapps_submit(&rb, e);
}

/* before connect(2) does anything: 0 lets it, a negative number is the error it ends with */
SEC("lsm/socket_connect")
int BPF_PROG(handle_connect, struct socket *sock, struct sockaddr *address, int len, int ret)
{
	__u64 now = bpf_ktime_get_boot_ns();
	__u16 family = address->sa_family;
	int verdict = 0;

	/* another program has said no already */
	if (ret)
		return ret;
	if (family != AF_INET && family != AF_INET6)
		return 0;
	if (only_pid && bpfapps_current_pid() != only_pid)
		return 0;
	if (only_cgroup && bpf_get_current_cgroup_id() != only_cgroup)
		return 0;

	if (is_denied(now)) {
		verdict = -EPERM;
		/* by a branch: the verifier does not see the range of a calculation */
		barrier_var(verdict);
	}
	report(address, now, verdict);
	return verdict;
}

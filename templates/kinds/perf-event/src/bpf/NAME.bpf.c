// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/pidns.h>
#include <bpfapps/ringbuf.h>
#include "{{ name }}.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* sample only this process; 0 is every process */
const volatile __u32 only_pid = 0;

/* leave out one kind of stack */
const volatile __u8 without_kernel = 0;
const volatile __u8 without_user = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

SEC("perf_event")
int handle_sample(void *ctx)
{
	__u64 pid_tgid = bpfapps_current_pid_tgid();
	__u32 pid = pid_tgid >> 32;
	struct event *e;

	/* 0 is a CPU that has nothing to do */
	if (!pid || (only_pid && pid != only_pid))
		return 0;

	/* reserve a record; a full ring is counted, not hidden */
	e = bpfapps_reserve(&rb, event);
	if (!e)
		return 0;

	e->time_ns = bpf_ktime_get_boot_ns();
	e->pid = pid;
	e->tid = pid_tgid;
	e->cpu = bpf_get_smp_processor_id();
	bpf_get_current_comm(&e->comm, sizeof(e->comm));
	/* a stack that can't be had is an empty one */
	if (!without_kernel)
		bpf_get_stack(ctx, e->kernel_stack, sizeof(e->kernel_stack), 0);
	if (!without_user)
		bpf_get_stack(ctx, e->user_stack, sizeof(e->user_stack), BPF_F_USER_STACK);
	bpfapps_submit(&rb, e);
	return 0;
}

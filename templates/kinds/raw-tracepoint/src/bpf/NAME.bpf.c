// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/ringbuf.h>
#include "{{ name }}.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* report only this process; 0 is every process */
const volatile __u32 only_pid = 0;

/* leave out threads */
const volatile __u8 only_processes = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

/* arguments, as TP_PROTO in the kernel's source has them: the parent's task, the child's */
SEC("raw_tp/sched_process_fork")
int handle_fork(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *parent = (void *)ctx->args[0];
	struct task_struct *child = (void *)ctx->args[1];
	__u32 pid = BPF_CORE_READ(parent, tgid);
	__u32 child_pid = BPF_CORE_READ(child, tgid);
	struct event *e;

	if (only_pid && pid != only_pid)
		return 0;
	if (only_processes && pid == child_pid)
		return 0;

	/* reserve a record; a full ring is counted, not hidden */
	e = bpfapps_reserve(&rb, event);
	if (!e)
		return 0;

	e->time_ns = bpf_ktime_get_boot_ns();
	e->pid = pid;
	e->tid = BPF_CORE_READ(parent, pid);
	e->uid = bpf_get_current_uid_gid();
	e->birth = pid == child_pid ? BIRTH_THREAD : BIRTH_PROCESS;
	e->child_pid = child_pid;
	e->child_tid = BPF_CORE_READ(child, pid);
	bpf_get_current_comm(&e->comm, sizeof(e->comm));
	bpfapps_submit(&rb, e);
	return 0;
}

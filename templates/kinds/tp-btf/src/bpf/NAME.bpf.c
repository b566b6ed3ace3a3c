// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpfapps/pid_of.h>
#include <bpfapps/ringbuf.h>
#include "{{ name }}.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define TASK_RUNNING 0

/* report only waits of at least this long */
const volatile __u64 min_wait_ns = 0;

/* report only threads of this process; 0 is everybody */
const volatile __u32 only_pid = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

/* since when a thread, by its tid, has been ready to run: so many at once, and no more */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u64);
} waiting SEC(".maps");

/* the state was called so before Linux 5.14 */
struct task_struct___old {
	long state;
} __attribute__((preserve_access_index));

static __always_inline bool is_running(struct task_struct *task)
{
	if (bpf_core_field_exists(task->__state))
		return task->__state == TASK_RUNNING;
	return ((struct task_struct___old *)task)->state == TASK_RUNNING;
}

static __always_inline int begin_wait(struct task_struct *task)
{
	__u64 now = bpf_ktime_get_boot_ns();
	__u32 tid = task->pid;

	/* 0 is a CPU's idle thread, which waits for nothing */
	if (!tid || (only_pid && bpfapps_pid_of(task) != only_pid))
		return 0;
	if (bpf_map_update_elem(&waiting, &tid, &now, BPF_ANY))
		bpfapps_count_lost(BPFAPPS_MAP_FULL);
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(handle_wakeup, struct task_struct *task)
{
	return begin_wait(task);
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(handle_wakeup_new, struct task_struct *task)
{
	return begin_wait(task);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(handle_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u64 now, *since, wait;
	__u32 tid = next->pid;
	struct event *e;

	/* a thread that is still runnable waits again */
	if (is_running(prev))
		begin_wait(prev);

	since = bpf_map_lookup_elem(&waiting, &tid);
	if (!since)
		return 0;
	now = bpf_ktime_get_boot_ns();
	wait = now - *since;
	bpf_map_delete_elem(&waiting, &tid);
	if (wait < min_wait_ns)
		return 0;

	/* reserve a record; a full ring is counted, not hidden */
	e = bpfapps_reserve(&rb, event);
	if (!e)
		return 0;

	e->time_ns = now;
	e->wait_ns = wait;
	e->pid = bpfapps_pid_of(next);
	e->tid = bpfapps_tid_of(next);
	e->prev_pid = bpfapps_pid_of(prev);
	e->prev_tid = bpfapps_tid_of(prev);
	e->cpu = bpf_get_smp_processor_id();
	bpf_probe_read_kernel_str(e->comm, sizeof(e->comm), next->comm);
	bpf_probe_read_kernel_str(e->prev_comm, sizeof(e->prev_comm), prev->comm);
	bpfapps_submit(&rb, e);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpfapps/histogram.h>
#include "runqlat.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* in place of a thread's time: it does not wait */
#define RUNS 0

enum by {
	BY_NOTHING = 0,
	BY_PROCESS = 1,
	BY_CGROUP = 2,
};

const volatile enum by by = BY_NOTHING;

/* count only this process; 0 is every process */
const volatile __u32 only_pid = 0;

BPFAPPS_COUNTS(table, waits, 65536);

/* since when a thread waits; an entry is written again, so it is added once */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u64);
} starts SEC(".maps");

/* the state of a task before Linux 5.14 */
struct task_struct___old {
	long state;
} __attribute__((preserve_access_index));

static __always_inline bool can_run(struct task_struct *task)
{
	struct task_struct___old *old = (void *)task;

	if (bpf_core_field_exists(task->__state))
		return task->__state == 0;
	return BPF_CORE_READ(old, state) == 0;
}

static __always_inline void starts_to_wait(struct task_struct *task)
{
	__u32 thread = task->pid;
	__u64 now, *start;

	/* the idle tasks, one for each CPU, are no threads */
	if (!thread || (only_pid && task->tgid != only_pid))
		return;
	now = bpf_ktime_get_ns();
	start = bpf_map_lookup_elem(&starts, &thread);
	if (start)
		*start = now;
	else if (bpf_map_update_elem(&starts, &thread, &now, BPF_ANY))
		bpfapps_count_lost(BPFAPPS_MAP_FULL);
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(handle_wakeup, struct task_struct *task)
{
	starts_to_wait(task);
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(handle_new, struct task_struct *task)
{
	starts_to_wait(task);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(handle_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct thread key = {};
	struct counts *counts;
	__u32 thread = next->pid;
	__u64 *start, waited;

	/* it gave up the CPU although it could go on */
	if (preempt || can_run(prev))
		starts_to_wait(prev);

	start = bpf_map_lookup_elem(&starts, &thread);
	if (!start || *start == RUNS)
		return 0;
	waited = bpf_ktime_get_ns() - *start;
	*start = RUNS;
	if (by == BY_PROCESS) {
		key.pid = next->tgid;
		bpf_probe_read_kernel_str(key.comm, sizeof(key.comm), next->group_leader->comm);
	} else if (by == BY_CGROUP) {
		key.cgroup = next->cgroups->dfl_cgrp->kn->id;
	}

	/* a full map is counted, not hidden */
	counts = bpfapps_counts(&table, waits, &key);
	if (counts)
		bpfapps_log2_add(&counts->latency_ns, waited);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpf/bpf_core_read.h>
#include <bpfapps/cgroup.h>
#include <bpfapps/pid_of.h>
#include "event.h"
#include "exe.h"
#include "filter.h"

/*
 * Details for JSON and YAML, and for the table in a PID namespace. They are programs of their own,
 * because each kernel type that an object reads costs a millisecond at the start.
 */

/* the process by the number that it knows itself by, and its namespaces */
static __always_inline void add_namespaces(struct event *e, struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, signal, pids[PIDTYPE_TGID]);
	__u32 level = BPF_CORE_READ(pid, level);
	struct upid upid = {};

	bpf_core_read(&upid, sizeof(upid), &pid->numbers[level]);
	e->ns_pid = upid.nr;
	e->pid_ns = BPF_CORE_READ(upid.ns, ns.inum);
	e->mnt_ns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	if (with_own_pids) {
		e->pid = bpfapps_pid_of(task);
		e->ppid = bpfapps_pid_of(BPF_CORE_READ(task, real_parent));
	}
	e->details = 1;
}

/* the cgroup, which is the first that stands behind an event, and where that ends */
static __always_inline __u64 add_cgroup(struct scratch *s, struct task_struct *task)
{
	__u64 at, len;

	if (!with_cgroup)
		return 0;
	s->event.cgroup_len = bpfapps_read_cgroup(bpfapps_cgroup_of(task), s->tail);
	/* read from the map, so that all numbers of levels look the same to the verifier */
	at = *(volatile __u16 *)&s->event.cgroup_len;
	if (at > BPFAPPS_CGROUP_LEN)
		return 0; /* never: the verifier wants to know */
	if (!with_cgroup_v1)
		return at;
	s->event.cgroup_v1_len = bpfapps_read_cgroup(bpfapps_pids_cgroup_of(task), &s->tail[at]);
	len = *(volatile __u16 *)&s->event.cgroup_v1_len;
	return len > BPFAPPS_CGROUP_LEN ? 0 : at + len;
}

/* usage of a thread that is not yet added to its process */
static __always_inline void add_times(struct event *e, struct task_struct *task)
{
	e->user_ns += BPF_CORE_READ(task, utime);
	e->system_ns += BPF_CORE_READ(task, stime);
	e->runtime_ns += BPF_CORE_READ(task, se.sum_exec_runtime);
}

/* arguments: task, the thread that called exec, linux_binprm */
SEC("raw_tp/sched_process_exec")
int add_exec_details(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct linux_binprm *bprm = (void *)ctx[2];
	struct scratch *s;

	if (!is_wanted_exec())
		return 0;
	s = new_scratch(PLACE_EXEC_DETAILS);
	if (!s)
		return 0;
	add_namespaces(&s->event, task);
	add_cgroup(s, task);
	if (with_exe)
		add_exe(s, BPF_CORE_READ(bprm, file));
	leave(s);
	return 0;
}

/* argument: task */
SEC("raw_tp/sched_process_exit")
int add_exit_details(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0], *leader;
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct scratch *s;
	struct event *e;

	/* a thread that others survive */
	if (BPF_CORE_READ(signal, live.counter))
		return 0;
	s = new_scratch(PLACE_EXIT_DETAILS);
	if (!s)
		return 0;
	e = &s->event;
	add_namespaces(e, task);
	/* threads that were waited for have handed on theirs; the leader stays to the end */
	e->user_ns = BPF_CORE_READ(signal, utime);
	e->system_ns = BPF_CORE_READ(signal, stime);
	e->runtime_ns = BPF_CORE_READ(signal, sum_sched_runtime);
	e->peak_rss = BPF_CORE_READ(signal, maxrss);
	add_times(e, task);
	leader = BPF_CORE_READ(task, group_leader);
	if (leader != task)
		add_times(e, leader);
	add_cgroup(s, task);
	leave(s);
	return 0;
}

/* takes what one of these programs has left into an event that is still empty */
static __always_inline __u64 take_details(struct scratch *s, enum place place)
{
	struct scratch *part = left(place);
	__u64 end;

	if (!part)
		return 0;
	s->event = part->event;
	end = take_tail(s, 0, part, s->event.cgroup_len + s->event.cgroup_v1_len + s->event.exe_len,
			CGROUPS_LEN + EXE_LEN);
	if (taken(part))
		return end;
	__builtin_memset(&s->event, 0, sizeof(s->event));
	return 0;
}

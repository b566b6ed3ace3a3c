/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/*
 * What only JSON and YAML show. These are programs of their own, since each type of the kernel
 * that an object reads from costs a millisecond of start-up.
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
	e->details = 1;
}

/* what one thread has used that its process has not yet been given */
static __always_inline void add_times(struct event *e, struct task_struct *task)
{
	e->user_ns += BPF_CORE_READ(task, utime);
	e->system_ns += BPF_CORE_READ(task, stime);
	e->runtime_ns += BPF_CORE_READ(task, se.sum_exec_runtime);
}

/* an executable that is given as a file descriptor is known by a number only: add its name */
static __always_inline void add_file(struct scratch *s, struct linux_binprm *bprm)
{
	const unsigned char *name;
	__u64 at = used(s, 0);
	long read;

	if (!BPF_CORE_READ(bprm, fdpath))
		return;
	name = BPF_CORE_READ(bprm, file, f_path.dentry, d_name.name);
	read = bpf_probe_read_kernel_str(&s->tail[at], FILE_LEN, name);
	s->event.file_len = length(read, FILE_LEN);
	s->used = at + s->event.file_len;
}

static __always_inline void write_exec_details(struct task_struct *task, struct linux_binprm *bprm)
{
	struct scratch *s;

	if (!is_wanted_exec())
		return;
	s = current_scratch(EVENT_EXEC);
	if (!s)
		return;
	add_namespaces(&s->event, task);
	add_file(s, bprm);
}

static __always_inline void write_exit_details(struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct scratch *s;
	struct event *e;

	/* a thread that others survive */
	if (BPF_CORE_READ(signal, live.counter))
		return;
	s = current_scratch(EVENT_EXIT);
	if (!s)
		return;
	e = &s->event;
	add_namespaces(e, task);
	/* threads that were waited for have handed on theirs; the leader stays to the end */
	e->user_ns = BPF_CORE_READ(signal, utime);
	e->system_ns = BPF_CORE_READ(signal, stime);
	e->runtime_ns = BPF_CORE_READ(signal, sum_sched_runtime);
	e->peak_rss = BPF_CORE_READ(signal, maxrss);
	add_times(e, task);
	if (leader != task)
		add_times(e, leader);
}

SEC("raw_tp/sched_process_exec")
int add_exec_details(__u64 *ctx)
{
	lock_scratch();
	write_exec_details((void *)ctx[0], (void *)ctx[2]);
	unlock_scratch();
	return 0;
}

SEC("raw_tp/sched_process_exit")
int add_exit_details(__u64 *ctx)
{
	lock_scratch();
	write_exit_details((void *)ctx[0]);
	unlock_scratch();
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/* include after vmlinux.h */
#include <bpf/bpf_core_read.h>
#include <bpfapps/pidns.h>

/* PID namespaces nest at most so deep (MAX_PID_NS_LEVEL) */
#define BPFAPPS_PIDNS_LEVELS 33

/* the number in the namespace of user space; 0 outside it */
static __always_inline __u32 bpfapps_number_of(struct pid *pid)
{
	__u32 level = BPF_CORE_READ(pid, level);
	struct upid upid;

	for (__u32 i = 0; i < BPFAPPS_PIDNS_LEVELS && i <= level; i++) {
		if (bpf_core_read(&upid, sizeof(upid), &pid->numbers[i]))
			break;
		if (BPF_CORE_READ(upid.ns, ns.inum) == (__u32)pidns_ino)
			return upid.nr;
	}
	return 0;
}

/*
 * The process of any task, by the number that user space knows it by; 0 outside its namespace.
 * bpfapps_current_pid does not know processes in namespaces below that.
 */
static __always_inline __u32 bpfapps_pid_of(struct task_struct *task)
{
	if (!pidns_ino)
		return BPF_CORE_READ(task, tgid);
	return bpfapps_number_of(BPF_CORE_READ(task, signal, pids[PIDTYPE_TGID]));
}

/* the same for the thread */
static __always_inline __u32 bpfapps_tid_of(struct task_struct *task)
{
	if (!pidns_ino)
		return BPF_CORE_READ(task, pid);
	return bpfapps_number_of(BPF_CORE_READ(task, thread_pid));
}

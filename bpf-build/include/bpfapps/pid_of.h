/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/* include after vmlinux.h */
#include <bpf/bpf_core_read.h>
#include <bpfapps/pidns.h>

/* PID namespaces nest at most so deep (MAX_PID_NS_LEVEL) */
#define BPFAPPS_PIDNS_LEVELS 33

/*
 * The process of any task, by the number that user space knows it by; 0 if it is outside the
 * namespace of user space. bpfapps_current_pid does not know processes in namespaces below that.
 */
static __always_inline __u32 bpfapps_pid_of(struct task_struct *task)
{
	struct upid upid;
	struct pid *pid;
	__u32 level;

	if (!pidns_ino)
		return BPF_CORE_READ(task, tgid);
	pid = BPF_CORE_READ(task, signal, pids[PIDTYPE_TGID]);
	level = BPF_CORE_READ(pid, level);
	for (__u32 i = 0; i < BPFAPPS_PIDNS_LEVELS && i <= level; i++) {
		if (bpf_core_read(&upid, sizeof(upid), &pid->numbers[i]))
			break;
		if (BPF_CORE_READ(upid.ns, ns.inum) == (__u32)pidns_ino)
			return upid.nr;
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpf/bpf_core_read.h>
#include <bpfapps/pidns.h>
#include <bpfapps/ringbuf.h>
#include "filter.h"

/* --children, and a command that we run: a child of a wanted process is wanted, too */

/* our own process, the parent of the command; 0 without one */
const volatile __u32 tracer_pid = 0;

/* arguments: the task that forks, which is the current one, and the new task */
SEC("raw_tp/sched_process_fork")
int handle_fork(__u64 *ctx)
{
	struct task_struct *child = (void *)ctx[1];
	__u32 pid = BPF_CORE_READ(child, tgid);
	__u8 one = 1;

	if (BPF_CORE_READ(child, pid) != pid)
		return 0; /* a thread */
	if (!(tracer_pid && bpfapps_current_pid() == tracer_pid) && !is_wanted_pid())
		return 0;
	if (bpf_map_update_elem(&children, &pid, &one, BPF_ANY))
		bpfapps_count_lost(BPFAPPS_MAP_FULL);
	return 0;
}

/* a number is given to another process one day */
static __always_inline void forget_process(void)
{
	__u32 kernel_pid = bpf_get_current_pid_tgid() >> 32;
	__u32 pid;

	if (with_children)
		bpf_map_delete_elem(&children, &kernel_pid);
	if (!only_pids)
		return;
	pid = bpfapps_current_pid();
	bpf_map_delete_elem(&pids, &pid);
}

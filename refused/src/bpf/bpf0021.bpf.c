// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

volatile int parent = 0;

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task(); /* from */

#ifdef FIXED
	parent = BPF_CORE_READ(task, tgid);
#else
	parent = task->tgid; /* here */
#endif
	return 0;
}

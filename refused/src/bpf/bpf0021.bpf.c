// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

volatile int parent = 0;

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task(); /* from */

	parent = task->tgid; /* here */
	return 0;
}

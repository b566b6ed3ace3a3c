// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

extern struct task_struct *bpf_task_acquire(struct task_struct *p) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;

/* needs Linux 6.2 */
SEC("tp_btf/task_newtask")
int handle_new(void *ctx)
{
	struct task_struct *task;

#ifdef FIXED
	task = bpf_task_acquire(bpf_get_current_task_btf());
#else
	task = bpf_task_acquire((void *)bpf_get_current_task()); /* here */
#endif
	if (task)
		bpf_task_release(task);
	return 0;
}

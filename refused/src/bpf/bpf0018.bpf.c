// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct task_struct___elsewhere {
	int favourite_colour;
} __attribute__((preserve_access_index));

volatile int colour = 0;

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	struct task_struct___elsewhere *task = (void *)bpf_get_current_task();

#ifdef FIXED
	if (bpf_core_field_exists(task->favourite_colour))
#endif
		colour = BPF_CORE_READ(task, favourite_colour); /* here */
	return 0;
}

// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* as if another kernel had named it so */
struct task_struct___renamed {
#ifdef FIXED
	int exit_code;
#else
	int exit_codes;
#define exit_code exit_codes
#endif
} __attribute__((preserve_access_index));

volatile int status = 0;

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	struct task_struct___renamed *task = (void *)bpf_get_current_task();

	status = BPF_CORE_READ(task, exit_code); /* here */
	return 0;
}

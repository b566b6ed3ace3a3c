// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

char path[64];

SEC("tp_btf/sched_process_exec")
int handle_exec(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];

#ifdef FIXED
	bpf_probe_read_kernel(path, sizeof(path), task->comm);
#else
	bpf_d_path(&task->mm->exe_file->f_path, path, sizeof(path)); /* here */
#endif
	return 0;
}

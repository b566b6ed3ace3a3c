// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* the hooks of bootstrap as a first program in C has them: what bpfapps is held against */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u32);
	__type(value, __u64);
} exec_start SEC(".maps");

struct event {
	__u64 duration_ns;
	__u32 pid;
	__u32 ppid;
	__u32 exit_code;
	__u32 is_exit;
	char comm[16];
	char filename[128];
};

static __always_inline struct event *reserve_event(struct task_struct *task, __u32 pid)
{
	struct event *e = bpf_ringbuf_reserve(&rb, sizeof(*e), 0);

	if (!e)
		return NULL;
	e->duration_ns = 0;
	e->pid = pid;
	e->ppid = BPF_CORE_READ(task, real_parent, tgid);
	e->exit_code = 0;
	e->is_exit = 0;
	e->filename[0] = '\0';
	bpf_get_current_comm(&e->comm, sizeof(e->comm));
	return e;
}

/* arguments: task, its pid before exec, linux_binprm */
SEC("tp_btf/sched_process_exec")
int handle_exec(__u64 *ctx)
{
	struct linux_binprm *bprm = (void *)ctx[2];
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	__u64 now = bpf_ktime_get_ns();
	struct event *e;

	bpf_map_update_elem(&exec_start, &pid, &now, BPF_ANY);

	e = reserve_event((void *)ctx[0], pid);
	if (!e)
		return 0;
	bpf_probe_read_kernel_str(e->filename, sizeof(e->filename), BPF_CORE_READ(bprm, filename));
	bpf_ringbuf_submit(e, 0);
	return 0;
}

/* arguments: task */
SEC("tp_btf/sched_process_exit")
int handle_exit(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	__u64 id = bpf_get_current_pid_tgid(), *start;
	__u32 pid = id >> 32, tid = id;
	struct event *e;

	/* threads that exit are not reported */
	if (pid != tid)
		return 0;

	e = reserve_event(task, pid);
	if (!e)
		return 0;
	start = bpf_map_lookup_elem(&exec_start, &pid);
	if (start)
		e->duration_ns = bpf_ktime_get_ns() - *start;
	bpf_map_delete_elem(&exec_start, &pid);
	e->is_exit = 1;
	e->exit_code = BPF_CORE_READ(task, exit_code) >> 8;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

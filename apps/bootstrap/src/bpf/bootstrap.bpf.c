// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/process.h>
#include <bpfapps/ringbuf.h>
#include "bootstrap.h"

#define FILENAME_LEN (4096 + 32) /* PATH_MAX, and /dev/fd/<number>/ before it */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* report only exits of processes that lived at least this long; 0 reports all, execs too */
const volatile __u64 min_duration_ns = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

/* an exec: too large for the stack, and of a length that is known only in the end */
struct exec {
	struct event event;
	char filename[FILENAME_LEN];
};

/* one for each CPU, on which only one program at a time is at an exec */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct exec);
} scratch SEC(".maps");

static __always_inline void fill(struct event *e, struct task_struct *task, enum event_kind kind,
				 bool typed)
{
	__u64 id = bpf_get_current_pid_tgid();

	__builtin_memset(e, 0, sizeof(*e));
	e->time_ns = bpf_ktime_get_boot_ns();
	e->kind = kind;
	e->pid = id >> 32;
	e->tid = id;
	e->ppid = BPFAPPS_READ(typed, task, real_parent, tgid);
	e->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(&e->comm, sizeof(e->comm));
}

/* arguments: task, the thread that called exec, linux_binprm */
static __always_inline int report_exec(__u64 *ctx, bool typed)
{
	struct task_struct *task = (void *)ctx[0];
	struct linux_binprm *bprm = (void *)ctx[2];
	struct exec *exec;
	__u32 key = 0;
	__u64 len;

	bpfapps_remember_exec(task, typed);
	exec = bpf_map_lookup_elem(&scratch, &key);
	if (!exec || min_duration_ns)
		return 0;
	fill(&exec->event, task, EVENT_EXEC, typed);
	exec->event.tid = ctx[1];
	len = bpf_probe_read_kernel_str(exec->filename, sizeof(exec->filename),
					BPFAPPS_READ(typed, bprm, filename));
	/* without the NUL; the barrier keeps the register that is compared the one that is used */
	len--;
	barrier_var(len);
	if (len >= FILENAME_LEN)
		len = 0;
	exec->event.filename = len;
	bpfapps_output(&rb, exec, sizeof(exec->event) + len);
	return 0;
}

/* arguments: task, and since Linux 6.16 true if its whole group is dead */
static __always_inline int report_exit(__u64 *ctx, bool typed)
{
	struct task_struct *task = (void *)ctx[0];
	__u64 now = bpf_ktime_get_boot_ns(), exec, since;
	struct event *e;

	if (!bpfapps_is_process_exit(ctx, typed))
		return 0;
	exec = bpfapps_recall_exec(task, typed);
	/* it has run since before us, or never called exec */
	since = exec ?: bpfapps_start_of(task, typed);
	if (now - since < min_duration_ns)
		return 0;

	/* reserve a record; a full ring is counted, not hidden */
	e = bpfapps_reserve(&rb, event);
	if (!e)
		return 0;
	fill(e, task, EVENT_EXIT, typed);
	e->duration_ns = now - since;
	e->duration_since = exec ? SINCE_EXEC : SINCE_START;
	e->status = bpfapps_status_of(task, typed);
	bpfapps_submit(&rb, e);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int handle_exec(__u64 *ctx)
{
	return report_exec(ctx, true);
}

SEC("tp_btf/sched_process_exit")
int handle_exit(__u64 *ctx)
{
	return report_exit(ctx, true);
}

/* the same two for kernels without BTF of their own, where tp_btf can not attach */
SEC("raw_tp/sched_process_exec")
int handle_exec_raw(__u64 *ctx)
{
	return report_exec(ctx, false);
}

SEC("raw_tp/sched_process_exit")
int handle_exit_raw(__u64 *ctx)
{
	return report_exit(ctx, false);
}

// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/container.h>
#include <bpfapps/pidns.h>
#include <bpfapps/ringbuf.h>
#include "bootstrap.h"
#include "filter.h"
#include "scratch.h"
#include "children.h"

#define SIGNAL_GROUP_EXIT 0x00000004 /* from linux/sched/signal.h */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* whether tracing programs have task storage here, so that map exec_start is there */
const volatile __u8 task_storage = 1;

/* whether the tracepoint tells that the last thread exits, or map exited has to find out */
const volatile __u8 group_dead = 1;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

/* when each process last called exec; the kernel frees it with the task, so it is never full */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} exec_start SEC(".maps");

/* the same by pid: where tracing programs have no task storage (before 5.13) or get none */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u64);
} exec_start_by_pid SEC(".maps");

/* processes whose exit is reported, by pid and time of start; without group_dead */
struct process {
	__u64 start;
	__u64 pid;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct process);
	__type(value, __u8);
} exited SEC(".maps");

static __always_inline bool has_task_storage(void)
{
	return task_storage && bpf_core_field_exists(struct task_struct, bpf_storage);
}

static __always_inline void fill_event(struct event *e, struct task_struct *task,
				       enum event_kind kind)
{
	__u64 id = bpf_get_current_pid_tgid();

	e->time_ns = bpf_ktime_get_boot_ns();
	e->kind = kind;
	e->pid = id >> 32;
	e->tid = id;
	e->ppid = BPF_CORE_READ(task, real_parent, tgid);
	bpf_get_current_comm(&e->comm, sizeof(e->comm));
	e->uid = bpf_get_current_uid_gid();
	e->cgroup = bpf_get_current_cgroup_id();
}

/* the parts of options, each with programs that are loaded only with them */
#include "details.h"
#include "args.h"
#include "failed.h"

static __always_inline void remember_exec(struct task_struct *task, __u32 pid, __u64 now)
{
	__u64 *start;

	/* exec leaves one thread, the leader: its storage is the process's */
	if (has_task_storage()) {
		start = bpf_task_storage_get(&exec_start, task, NULL,
					     BPF_LOCAL_STORAGE_GET_F_CREATE);
		if (start) {
			*start = now;
			return;
		}
	}
	if (bpf_map_update_elem(&exec_start_by_pid, &pid, &now, BPF_ANY))
		bpfapps_count_lost(BPFAPPS_MAP_FULL);
}

/* when the process called exec; 0 where we have not seen it */
static __always_inline __u64 recall_exec(struct task_struct *leader, __u32 pid)
{
	__u64 *start, since = 0;

	if (has_task_storage()) {
		start = bpf_task_storage_get(&exec_start, leader, NULL, 0);
		if (start)
			return *start;
	}
	start = bpf_map_lookup_elem(&exec_start_by_pid, &pid);
	if (start) {
		since = *start;
		bpf_map_delete_elem(&exec_start_by_pid, &pid);
	}
	return since;
}

static __always_inline void report_exec(struct task_struct *task, __u32 tid,
					struct linux_binprm *bprm)
{
	const char *filename = BPF_CORE_READ(bprm, filename);
	const char *interpreter = BPF_CORE_READ(bprm, interp);
	struct scratch *s;
	__u64 at = 0, len;
	struct event *e;
	long read;

	remember_exec(task, bpf_get_current_pid_tgid() >> 32, bpf_ktime_get_boot_ns());
	if (!is_wanted_exec())
		return;
	s = new_scratch(PLACE_EXEC);
	if (!s)
		return;
	e = &s->event;
	if (with_details)
		at = take_details(s, PLACE_EXEC_DETAILS);
	if (with_args)
		at = take_args(s, at);
	fill_event(e, task, EVENT_EXEC);
	e->tid = tid;

	read = bpf_probe_read_kernel_str(&s->tail[at], FILENAME_LEN, filename);
	len = length(read, FILENAME_LEN);
	e->filename_len = len;
	at += len;
	/* a script's is another file */
	if (interpreter != filename) {
		read = bpf_probe_read_kernel_str(&s->tail[at], INTERPRETER_LEN, interpreter);
		len = length(read, INTERPRETER_LEN);
		e->interpreter_len = len;
		at += len;
	}
	bpfapps_output(&rb, e, sizeof(*e) + at);
}

/* no thread is left alive, and none of those that leave with us has said so */
static __always_inline bool is_last_thread(struct task_struct *task)
{
	struct process process = {};
	__u8 one = 1;

	if (BPF_CORE_READ(task, signal, live.counter) != 0)
		return false;
	process.pid = bpf_get_current_pid_tgid() >> 32;
	process.start = BPF_CORE_READ(task, group_leader, start_boottime);
	/* two threads that leave at once both get here; one of them adds the element */
	return bpf_map_update_elem(&exited, &process, &one, BPF_NOEXIST) == 0;
}

/* the status that wait(2) will give: the group's where it ends together, else its leader's */
static __always_inline __u32 exit_status(struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);

	if (BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT)
		return BPF_CORE_READ(signal, group_exit_code);
	return BPF_CORE_READ(task, group_leader, exit_code);
}

static __always_inline void report_exit(struct task_struct *task, struct task_struct *leader)
{
	__u64 now = bpf_ktime_get_boot_ns(), exec, since, at = 0;
	struct scratch *s;
	struct event *e;
	__u32 status;
	bool wanted;

	exec = recall_exec(leader, bpf_get_current_pid_tgid() >> 32);
	/* it runs since before us, or never called exec */
	since = exec ?: BPF_CORE_READ(task, group_leader, start_boottime);
	status = exit_status(task);
	wanted = now - since >= min_duration_ns && is_wanted_exit(status) && is_wanted_process();
	forget_process();
	if (!wanted)
		return;
	s = new_scratch(PLACE_EXIT);
	if (!s)
		return;
	e = &s->event;
	if (with_details)
		at = take_details(s, PLACE_EXIT_DETAILS);
	fill_event(e, task, EVENT_EXIT);
	e->duration_ns = now - since;
	e->since_start = !exec;
	e->status = status;
	bpfapps_output(&rb, e, sizeof(*e) + at);
}

/* a process exits with its last thread, which need not be its leader */
static __always_inline bool is_process_exit(__u64 *ctx, struct task_struct *task)
{
	return group_dead ? ctx[1] & 1 : is_last_thread(task);
}

/* arguments: task, the thread that called exec, linux_binprm */
SEC("tp_btf/sched_process_exec")
int handle_exec(__u64 *ctx)
{
	report_exec((void *)ctx[0], ctx[1], (void *)ctx[2]);
	return 0;
}

/* arguments: task, and since Linux 6.16 whether its whole group is dead */
SEC("tp_btf/sched_process_exit")
int handle_exit(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];

	if (is_process_exit(ctx, task))
		report_exit(task, task->group_leader);
	return 0;
}

/* the same two for kernels without BTF of their own, where tp_btf can not attach */
SEC("raw_tp/sched_process_exec")
int handle_exec_raw(__u64 *ctx)
{
	report_exec((void *)ctx[0], ctx[1], (void *)ctx[2]);
	return 0;
}

SEC("raw_tp/sched_process_exit")
int handle_exit_raw(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];

	if (is_process_exit(ctx, task))
		report_exit(task, NULL);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/*
 * The facts about processes that are easy to get wrong: start time, last thread, and the status
 * for wait(2). For programs on sched_process_exec and sched_process_exit. Include it after
 * vmlinux.h.
 */
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/ringbuf.h>

#define BPFAPPS_SIGNAL_GROUP_EXIT 0x00000004 /* from linux/sched/signal.h */

/* libbpf fills it in, and the verifier drops code for other versions */
extern int LINUX_KERNEL_VERSION __kconfig;

/* tracing programs have task storage since then; core's session leaves the map out before */
#define BPFAPPS_HAS_TASK_STORAGE (LINUX_KERNEL_VERSION >= KERNEL_VERSION(5, 13, 0))

/* the oldest tested kernel whose sched_process_exit reports the last thread */
#define BPFAPPS_HAS_GROUP_DEAD (LINUX_KERNEL_VERSION >= KERNEL_VERSION(6, 18, 0))

/*
 * BPFAPPS_READ(typed, a, b, c) reads `a->b->c`: by a load for each arrow in a typed program, since
 * the verifier knows the types; else by BPF_CORE_READ, which calls a helper for each.
 */
#define BPFAPPS_READ(typed, ...) ((typed) ? ___arrow(__VA_ARGS__) : BPF_CORE_READ(__VA_ARGS__))

/* when each process last called exec; the kernel frees it with the task, so it is never full */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} bpfapps_exec_start SEC(".maps");

/* the same by pid, without task storage; with it for the few that get none */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u64);
} bpfapps_exec_start_by_pid SEC(".maps");

/* processes whose exit was seen, by pid and start time: only one exiting thread adds it */
struct bpfapps_process {
	__u64 start;
	__u64 pid;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct bpfapps_process);
	__type(value, __u8);
} bpfapps_exited SEC(".maps");

/*
 * Stores the time of the current process's exec. `typed` is true in a tp_btf program, whose
 * arguments have types; raw_tp has no task storage.
 */
static __always_inline void bpfapps_remember_exec(struct task_struct *task, bool typed)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	__u64 now = bpf_ktime_get_boot_ns(), *start;

	/* exec leaves one thread, the leader: its storage is the process's */
	if (typed && BPFAPPS_HAS_TASK_STORAGE) {
		start = bpf_task_storage_get(&bpfapps_exec_start, task, NULL,
					     BPF_LOCAL_STORAGE_GET_F_CREATE);
		if (start) {
			*start = now;
			return;
		}
	}
	if (bpf_map_update_elem(&bpfapps_exec_start_by_pid, &pid, &now, BPF_ANY))
		bpfapps_count_lost(BPFAPPS_MAP_FULL);
}

/* when the current process called exec; 0 if that was not seen. Called once, at the exit. */
static __always_inline __u64 bpfapps_recall_exec(struct task_struct *task, bool typed)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	__u64 *start, since = 0;

	if (typed && BPFAPPS_HAS_TASK_STORAGE) {
		start = bpf_task_storage_get(&bpfapps_exec_start, task->group_leader, NULL, 0);
		if (start)
			return *start;
	}
	start = bpf_map_lookup_elem(&bpfapps_exec_start_by_pid, &pid);
	if (start) {
		since = *start;
		bpf_map_delete_elem(&bpfapps_exec_start_by_pid, &pid);
	}
	return since;
}

/* when a process started, by itself or by fork: since boot, as CLOCK_BOOTTIME */
static __always_inline __u64 bpfapps_start_of(struct task_struct *task, bool typed)
{
	return BPFAPPS_READ(typed, task, group_leader, start_boottime);
}

/*
 * True if the whole process exits, with its last thread, which need not be its leader. `ctx`: the
 * arguments of sched_process_exit.
 */
static __always_inline bool bpfapps_is_process_exit(__u64 *ctx, bool typed)
{
	struct task_struct *task = (void *)ctx[0];
	struct bpfapps_process process = {};
	__u8 one = 1;

	if (BPFAPPS_HAS_GROUP_DEAD)
		return ctx[1] & 1;
	if (BPFAPPS_READ(typed, task, signal, live.counter) != 0)
		return false;
	process.pid = bpf_get_current_pid_tgid() >> 32;
	process.start = bpfapps_start_of(task, typed);
	/* two threads that leave at once both get here; one of them adds the element */
	return bpf_map_update_elem(&bpfapps_exited, &process, &one, BPF_NOEXIST) == 0;
}

/* the status for wait(2): the group's if it exits together, else its leader's */
static __always_inline __u32 bpfapps_status_of(struct task_struct *task, bool typed)
{
	struct signal_struct *signal = BPFAPPS_READ(typed, task, signal);

	if (BPFAPPS_READ(typed, signal, flags) & BPFAPPS_SIGNAL_GROUP_EXIT)
		return BPFAPPS_READ(typed, signal, group_exit_code);
	return BPFAPPS_READ(typed, task, group_leader, exit_code);
}

/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

#include <bpf/bpf_core_read.h>
#include <bpfapps/pid_of.h>
#include <bpfapps/ringbuf.h>

/* sample only this process; 0 is every process */
const volatile __u32 only_pid = 0;

/* only processes in the cgroup or below it */
const volatile __u8 only_cgroup = 0;

/* our own process, whose children and all below them are sampled; 0 is every process */
const volatile __u32 tracer_pid = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} rb SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} cgroup SEC(".maps");

/* the command and all processes below it, as the kernel counts them */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u8);
} children SEC(".maps");

static __always_inline bool is_wanted(void)
{
	__u32 kernel_pid = bpf_get_current_pid_tgid() >> 32;

	if (only_pid && bpfapps_pid_of((void *)bpf_get_current_task()) != only_pid)
		return false;
	if (only_cgroup && bpf_current_task_under_cgroup(&cgroup, 0) != 1)
		return false;
	return !tracer_pid || bpf_map_lookup_elem(&children, &kernel_pid);
}

static __always_inline void send_seen(__u64 space, __u32 pid, __u32 ended);

/* arguments: the task that forks, which is the current one, and the new task */
SEC("raw_tp/sched_process_fork")
int handle_fork(__u64 *ctx)
{
	struct task_struct *parent = (void *)ctx[0], *child = (void *)ctx[1];
	__u32 kernel_pid = bpf_get_current_pid_tgid() >> 32;
	__u32 pid = BPF_CORE_READ(child, tgid);
	__u8 one = 1;

	if (BPF_CORE_READ(child, pid) != pid)
		return 0; /* a thread */
	if (bpfapps_pid_of(parent) != tracer_pid && !bpf_map_lookup_elem(&children, &kernel_pid))
		return 0;
	if (bpf_map_update_elem(&children, &pid, &one, BPF_ANY))
		bpfapps_count_lost(BPFAPPS_MAP_FULL);
	return 0;
}

/* argument: the task, whose process ends with its last thread */
SEC("raw_tp/sched_process_exit")
int handle_exit(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	__u32 kernel_pid = bpf_get_current_pid_tgid() >> 32;

	if (BPF_CORE_READ(task, signal, live.counter) != 0)
		return 0;
	/* a number is given to another process one day */
	bpf_map_delete_elem(&children, &kernel_pid);
	if (only_pid && bpfapps_pid_of(task) == only_pid)
		send_seen(0, only_pid, 1);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* as of another kernel: a program that asks for the member works without it */
struct task_struct___other {
	long no_such_state;
} __attribute__((preserve_access_index));

extern void bpfapps_no_such_kfunc(void) __ksym __weak;

/* the sizes are set before loading */
struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__type(key, __u32);
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u64);
	__type(value, __u64);
} counts SEC(".maps");

static __always_inline int count(void *ctx)
{
	__u64 key = bpf_get_current_pid_tgid(), one = 1, *found;

	found = bpf_map_lookup_elem(&counts, &key);
	if (found)
		__sync_fetch_and_add(found, 1);
	else
		bpf_map_update_elem(&counts, &key, &one, BPF_ANY);
	bpf_get_stackid(ctx, &stacks, 0);
	return 0;
}

SEC("raw_tp/sched_process_exit")
int on_exit(void *ctx)
{
	struct task_struct___other *task = (void *)bpf_get_current_task();

	if (bpf_core_field_exists(task->no_such_state))
		count((void *)BPF_CORE_READ(task, no_such_state));
	if (bpf_ksym_exists(bpfapps_no_such_kfunc))
		bpfapps_no_such_kfunc();
	return count(ctx);
}

/* the same tracepoint in another way, which no kernel takes */
SEC("tp_btf/sched_process_exit")
int on_exit_typed(__u64 *ctx)
{
	return *(volatile int *)ctx[0] + *(volatile int *)(long)bpf_ktime_get_ns();
}

/* one tracepoint under two names, one of which exists */
SEC("raw_tp/sys_enter")
int on_enter(void *ctx)
{
	return count(ctx);
}

SEC("raw_tp/sys_entrance")
int on_entrance(void *ctx)
{
	return count(ctx);
}

/* its function is set before loading */
SEC("fentry/dummy")
int on_call(void *ctx)
{
	return 0;
}

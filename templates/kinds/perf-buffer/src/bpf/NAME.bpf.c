// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/perfbuf.h>
#include <bpfapps/pidns.h>
#include "{{ name }}.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* report only this process; 0 is every process */
const volatile __u32 only_pid = 0;

/* report only failures */
const volatile __u8 only_failed = 0;

/* a ring for each CPU: user space makes and maps them */
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} rings SEC(".maps");

/* threads within openat(2), with the addresses of their paths */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, __u64);
} opening SEC(".maps");

/* as tracefs says in events/syscalls: the same on each kernel, so that no BTF is needed */
struct sys_enter {
	__u64 common;
	__u64 number;
	__u64 args[6];
};

struct sys_exit {
	__u64 common;
	__u64 number;
	__s64 result;
};

SEC("tp/syscalls/sys_enter_openat")
int handle_enter(struct sys_enter *ctx)
{
	__u64 pid_tgid = bpfapps_current_pid_tgid();
	__u64 path = ctx->args[1];
	__u32 tid = pid_tgid;

	if (only_pid && pid_tgid >> 32 != only_pid)
		return 0;
	if (bpf_map_update_elem(&opening, &tid, &path, BPF_ANY))
		bpfapps_count_lost(BPFAPPS_MAP_FULL);
	return 0;
}

SEC("tp/syscalls/sys_exit_openat")
int handle_exit(struct sys_exit *ctx)
{
	__u64 pid_tgid = bpfapps_current_pid_tgid();
	__u32 tid = pid_tgid;
	struct event e = {};
	__u64 *path;

	path = bpf_map_lookup_elem(&opening, &tid);
	if (!path)
		return 0;
	if (!only_failed || ctx->result < 0) {
		/* bpf_ktime_get_boot_ns exists since Linux 5.8: user space adds the difference */
		e.time_ns = bpf_ktime_get_ns();
		e.result = ctx->result;
		e.pid = pid_tgid >> 32;
		e.tid = tid;
		e.uid = bpf_get_current_uid_gid();
		bpf_get_current_comm(&e.comm, sizeof(e.comm));
		/* by now the kernel has read the path itself, so it is in memory */
		bpf_probe_read_user_str(e.path, sizeof(e.path), (void *)*path);
		bpfapps_perf_output(ctx, &rings, &e, sizeof(e));
	}
	bpf_map_delete_elem(&opening, &tid);
	return 0;
}

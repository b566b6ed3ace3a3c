// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpfapps/pidns.h>
#include <bpfapps/ringbuf.h>
#include "{{ name }}.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* report only calls that took at least this long */
const volatile __u64 min_duration_ns = 0;

/* report only calls that failed */
const volatile __u8 only_failed = 0;

/* report only calls by this process; 0 is every process */
const volatile __u32 only_pid = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

/* a call that has not returned yet */
struct call {
	__u64 start;
	__u64 args[ARGS];
};

/* by thread, which is in one system call at a time */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct call);
} calls SEC(".maps");

/* user space attaches both; libbpf knows where this kernel has the arguments */
SEC("ksyscall")
int BPF_KSYSCALL(handle_call, __u64 a, __u64 b, __u64 c, __u64 d, __u64 e, __u64 f)
{
	struct call call = {.start = bpf_ktime_get_boot_ns(), .args = {a, b, c, d, e, f}};
	__u64 thread = bpfapps_current_pid_tgid();

	if (only_pid && thread >> 32 != only_pid)
		return 0;
	bpf_map_update_elem(&calls, &thread, &call, BPF_ANY);
	return 0;
}

SEC("kretsyscall")
int BPF_KRETPROBE(handle_return, long result)
{
	__u64 now = bpf_ktime_get_boot_ns(), thread = bpfapps_current_pid_tgid();
	struct call *call, begun;
	struct event *e;

	call = bpf_map_lookup_elem(&calls, &thread);
	if (!call)
		/* it began before we attached */
		return 0;
	begun = *call;
	bpf_map_delete_elem(&calls, &thread);
	if (now - begun.start < min_duration_ns || (only_failed && result >= 0))
		return 0;

	/* reserve a record; a full ring is counted, not hidden */
	e = bpfapps_reserve(&rb, event);
	if (!e)
		return 0;

	e->time_ns = now;
	e->duration_ns = now - begun.start;
	e->result = result;
	__builtin_memcpy(e->args, begun.args, sizeof(e->args));
	e->pid = thread >> 32;
	e->tid = thread;
	bpf_get_current_comm(&e->comm, sizeof(e->comm));
	bpfapps_submit(&rb, e);
	return 0;
}

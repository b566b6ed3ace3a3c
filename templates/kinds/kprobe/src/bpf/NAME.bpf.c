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

/* report only calls by this process; 0 is every process */
const volatile __u32 only_pid = 0;

/* which argument is a struct dentry, from 1 on; 0 is none */
const volatile __u32 dentry_arg = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

/* a call that has not returned yet */
struct call {
	__u64 start;
	__u64 args[ARGS];
	char name[NAME_LEN];
};

/* by thread: of a recursive function only the innermost call is reported */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct call);
} calls SEC(".maps");

/* CO-RE: libbpf sets the offset of `d_name` in this kernel's struct at load time */
static __always_inline void read_name(char *name, __u64 dentry)
{
	const unsigned char *from = BPF_CORE_READ((struct dentry *)dentry, d_name.name);

	bpf_probe_read_kernel_str(name, NAME_LEN, from);
}

/* user space attaches both, because the function's name differs between kernels */
SEC("kprobe")
int BPF_KPROBE(handle_call, __u64 a, __u64 b, __u64 c, __u64 d)
{
	struct call call = {.start = bpf_ktime_get_boot_ns(), .args = {a, b, c, d}};
	__u64 thread = bpfapps_current_pid_tgid();

	if (only_pid && thread >> 32 != only_pid)
		return 0;
	if (dentry_arg && dentry_arg <= ARGS)
		read_name(call.name, call.args[dentry_arg - 1]);
	bpf_map_update_elem(&calls, &thread, &call, BPF_ANY);
	return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(handle_return, __u64 result)
{
	__u64 now = bpf_ktime_get_boot_ns(), thread = bpfapps_current_pid_tgid();
	struct call *call, begun;
	struct event *e;

	call = bpf_map_lookup_elem(&calls, &thread);
	if (!call)
		/* it was called before we attached */
		return 0;
	begun = *call;
	bpf_map_delete_elem(&calls, &thread);
	if (now - begun.start < min_duration_ns)
		return 0;

	/* reserve a record; a full ring is counted, not hidden */
	e = bpfapps_reserve(&rb, event);
	if (!e)
		return 0;

	e->time_ns = now;
	e->duration_ns = now - begun.start;
	/* most functions return an int, which is half of the register */
	e->result = result >> 32 ? result : (__s32)result;
	__builtin_memcpy(e->args, begun.args, sizeof(e->args));
	__builtin_memcpy(e->name, begun.name, sizeof(e->name));
	e->pid = thread >> 32;
	e->tid = thread;
	bpf_get_current_comm(&e->comm, sizeof(e->comm));
	bpfapps_submit(&rb, e);
	return 0;
}

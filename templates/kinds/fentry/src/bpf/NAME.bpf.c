// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpfapps/pidns.h>
#include <bpfapps/ringbuf.h>
#include "{{ name }}.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* report only this process; 0 is every process */
const volatile __u32 only_pid = 0;

/* report only failures */
const volatile __u8 only_failed = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

/* a call that has not returned yet: the name is gone when it does */
struct call {
	__u64 start;
	char filename[NAME_LEN];
};

/* initial value of a call: too large for the stack */
const struct call no_call = {};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct call);
} calls SEC(".maps");

/* the member that every kernel has */
struct filename___any {
	const char *name;
} __attribute__((preserve_access_index));

static __always_inline int begin(struct filename *filename)
{
	__u64 thread = bpfapps_current_pid_tgid();
	struct filename___any *any = (void *)filename;
	const char *name = BPF_CORE_READ(any, name);
	struct call *call;

	if (only_pid && thread >> 32 != only_pid)
		return 0;
	bpf_map_update_elem(&calls, &thread, &no_call, BPF_ANY);
	call = bpf_map_lookup_elem(&calls, &thread);
	if (!call)
		return 0;
	call->start = bpf_ktime_get_boot_ns();
	bpf_probe_read_kernel_str(call->filename, sizeof(call->filename), name);
	return 0;
}

static __always_inline int end(__s32 result)
{
	__u64 now = bpf_ktime_get_boot_ns(), thread = bpfapps_current_pid_tgid();
	struct call *call = bpf_map_lookup_elem(&calls, &thread);
	struct event *e;

	if (!call)
		/* it was called before we attached */
		return 0;
	if (only_failed && !result)
		goto out;

	/* reserve a record; a full ring is counted, not hidden */
	e = bpfapps_reserve(&rb, event);
	if (!e)
		goto out;

	e->time_ns = now;
	e->duration_ns = now - call->start;
	e->pid = thread >> 32;
	e->tid = thread;
	e->uid = bpf_get_current_uid_gid();
	e->outcome = result ? OUTCOME_FAILED : OUTCOME_REMOVED;
	e->error = result;
	bpf_get_current_comm(&e->comm, sizeof(e->comm));
	__builtin_memcpy(e->filename, call->filename, sizeof(e->filename));
	bpfapps_submit(&rb, e);
out:
	bpf_map_delete_elem(&calls, &thread);
	return 0;
}

/* user space names the function, which is not called the same in each kernel */
SEC("fentry")
int BPF_PROG(fentry_unlink, int dfd, struct filename *filename)
{
	return begin(filename);
}

SEC("fexit")
int BPF_PROG(fexit_unlink, int dfd, struct filename *filename, long result)
{
	return end(result);
}

/* the same for kernels that refuse these */
SEC("kprobe")
int BPF_KPROBE(kprobe_unlink, int dfd, struct filename *filename)
{
	return begin(filename);
}

SEC("kretprobe")
int BPF_KRETPROBE(kretprobe_unlink, long result)
{
	return end(result);
}

// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpfapps/ringbuf.h>
#include "{{ name }}.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* report only calls that took at least this long */
const volatile __u64 min_duration_ns = 0;

/* read this as a string: argument 1 to ARGS, or 0, the result; -1 is none */
const volatile __s32 string_place = -1;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

/* a call that has not returned yet */
struct call {
	__u64 start;
	__u64 args[ARGS];
};

/* by thread: of a recursive function only the innermost call is reported */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct call);
} calls SEC(".maps");

/* user space attaches both, since it knows where the function is */
SEC("uprobe")
int BPF_UPROBE(handle_call, __u64 a, __u64 b, __u64 c, __u64 d)
{
	struct call call = {.start = bpf_ktime_get_boot_ns(), .args = {a, b, c, d}};
	__u64 thread = bpf_get_current_pid_tgid();

	bpf_map_update_elem(&calls, &thread, &call, BPF_ANY);
	return 0;
}

SEC("uretprobe")
int BPF_URETPROBE(handle_return, __u64 result)
{
	__u64 now = bpf_ktime_get_boot_ns(), thread = bpf_get_current_pid_tgid();
	__u64 string = result;
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
	e->result = result;
	__builtin_memcpy(e->args, begun.args, sizeof(e->args));
	e->pid = thread >> 32;
	e->tid = thread;
	bpf_get_current_comm(&e->comm, sizeof(e->comm));
	/* now: the function has read or written it, so it is in memory */
	if (string_place > 0 && string_place <= ARGS)
		string = begun.args[string_place - 1];
	if (string_place >= 0)
		bpf_probe_read_user_str(e->string, sizeof(e->string), (void *)string);
	bpfapps_submit(&rb, e);
	return 0;
}

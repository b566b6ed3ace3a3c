// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/pidns.h>
#include <bpfapps/ringbuf.h>
#include "{{ name }}.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* report only this process; 0 is every process */
const volatile __u32 only_pid = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} rb SEC(".maps");

/* the context is the tracepoint's record: to filter by its fields, give it their struct */
SEC("tp/{{ tracepoint }}")
int handle_event(void *ctx)
{
	__u64 pid_tgid = bpfapps_current_pid_tgid();
	struct event *e;

	if (only_pid && pid_tgid >> 32 != only_pid)
		return 0;

	/* reserve a record; a full ring is counted, not hidden */
	e = bpfapps_reserve(&rb, event);
	if (!e)
		return 0;

	e->time_ns = bpf_ktime_get_boot_ns();
	e->pid = pid_tgid >> 32;
	e->tid = pid_tgid;
	e->uid = bpf_get_current_uid_gid();
	e->cpu = bpf_get_smp_processor_id();
	bpf_get_current_comm(&e->comm, sizeof(e->comm));
	bpf_probe_read_kernel(e->record, sizeof(e->record), ctx);
	bpfapps_submit(&rb, e);
	return 0;
}

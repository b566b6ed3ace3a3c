// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpfapps/ringbuf.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} rb SEC(".maps");

struct event {
	__u64 time;
};

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	struct event *e;

	e = bpfapps_reserve(&rb, event); /* from */
#ifdef FIXED
	if (!e)
		return 0;
#endif
	e->time = bpf_ktime_get_ns(); /* here */
	bpfapps_submit(&rb, e);
	return 0;
}
